//! Takes the password of a shelf's user from wherever there is one, as `couplet shelf` does, and
//! prints it: for tests, and to see whether the system's keyring works on a machine.
//!
//! ```sh
//! cargo run --example shelf_password -- ann relay.example:3647 [remember|forget|again]
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "that is what it is for")]

use couplet_ui::password::{self, Wanted};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(user), Some(relay)) = (arguments.next(), arguments.next()) else {
        eprintln!("expected USER HOST:PORT [remember|forget|again]");
        return ExitCode::from(2);
    };
    let user = match user.parse() {
        Ok(user) => user,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let wanted = Wanted::new(user, &relay);
    let password = match password::get(&wanted).await {
        Ok(password) => password,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{:?}: {}", password.source(), password.as_str());
    match arguments.next().as_deref() {
        Some("remember") => match password::remember(&wanted, &password).await {
            Ok(()) => println!("remembered"),
            Err(error) => println!("{error}"),
        },
        // As after it was wrong.
        Some("forget") => println!("forgotten: {}", password::forget(&wanted, &password).await),
        Some("again") => {
            let wanted = Wanted { keyring: false, variable: None, ..wanted };
            match password::get(&wanted).await {
                Ok(password) => println!("{:?}: {}", password.source(), password.as_str()),
                Err(error) => println!("{error}"),
            }
        }
        Some(_) | None => {}
    }
    ExitCode::SUCCESS
}
