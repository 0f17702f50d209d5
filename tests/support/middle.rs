//! Somebody between the clients and the relay: sees every byte, and can change what goes through
//! pipes. To a client it looks like the relay.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// It is left to itself when it is dropped, and ends with the test.
pub struct Middle {
    /// Where it listens.
    pub address: String,
    recorded: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// What becomes of a record.
pub enum Deed {
    /// These go on in its place.
    Send(Vec<Vec<u8>>),
    /// The pipe ends here, without a word.
    Cut,
}

/// Decides about each record that a client sends through a pipe: the number of the connection, and
/// the record from its length to its tag.
pub type Meddle = dyn FnMut(usize, Vec<u8>) -> Deed + Send;

impl Middle {
    /// One that only looks.
    pub fn looking(relay: &str) -> Self {
        Self::meddling(relay, Box::new(|_, record| Deed::Send(vec![record])))
    }

    pub fn meddling(relay: &str, meddle: Box<Meddle>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let recorded = Arc::new(Mutex::new(Vec::new()));
        let (relay, all) = (relay.to_owned(), Arc::clone(&recorded));
        let meddle = Arc::new(Mutex::new(meddle));
        std::thread::spawn(move || {
            for (number, client) in listener.incoming().enumerate() {
                let client = client.expect("a client");
                let relay = TcpStream::connect(&relay).expect("the relay");
                let (up, down) = (Tap::new(&all), Tap::new(&all));
                let (to_client, from_relay) = (copy_of(&client), copy_of(&relay));
                std::thread::spawn(move || {
                    let client = copy_of(&to_client);
                    let ended = down.copy(from_relay, to_client);
                    // A connection that breaks there breaks here, too.
                    if ended.is_err() {
                        let _ = client.shutdown(Shutdown::Both);
                    }
                });
                let meddle = Arc::clone(&meddle);
                std::thread::spawn(move || {
                    let ends = [copy_of(&client), copy_of(&relay)];
                    let _ = up.carry(client, relay, number, &meddle);
                    for end in ends {
                        let _ = end.shutdown(Shutdown::Write);
                    }
                });
            }
        });
        Self { address, recorded }
    }

    /// Every byte that has gone through, each direction of each connection on its own.
    pub fn recorded(&self) -> Vec<Vec<u8>> {
        self.recorded.lock().expect("no panic").clone()
    }
}

/// Records one direction of one connection.
struct Tap {
    all: Arc<Mutex<Vec<Vec<u8>>>>,
    at: usize,
}

impl Tap {
    fn new(all: &Arc<Mutex<Vec<Vec<u8>>>>) -> Self {
        let mut recorded = all.lock().expect("no panic");
        recorded.push(Vec::new());
        Self { all: Arc::clone(all), at: recorded.len() - 1 }
    }

    fn note(&self, bytes: &[u8]) {
        self.all.lock().expect("no panic")[self.at].extend_from_slice(bytes);
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream) -> std::io::Result<()> {
        let mut buffer = vec![0; 256 * 1024];
        loop {
            let len = from.read(&mut buffer)?;
            if len == 0 {
                return to.shutdown(Shutdown::Write);
            }
            self.note(&buffer[..len]);
            to.write_all(&buffer[..len])?;
        }
    }

    /// From a client to the relay: as it is, but for the records of a pipe.
    fn carry(
        &self,
        mut client: TcpStream,
        mut relay: TcpStream,
        number: usize,
        meddle: &Mutex<Box<Meddle>>,
    ) -> std::io::Result<()> {
        let mut head = vec![0; 8 + 5];
        client.read_exact(&mut head)?;
        // The length of a frame counts its kind, which has been read.
        let len = u32::from_be_bytes(head[8..12].try_into().expect("four bytes")) as usize - 1;
        head.resize(8 + 5 + len, 0);
        client.read_exact(&mut head[13..])?;
        self.note(&head);
        relay.write_all(&head)?;
        if !head.windows(9).any(|window| window == b"open_pipe") {
            return self.copy(client, relay);
        }
        let mut salt = [0; 32];
        client.read_exact(&mut salt)?;
        relay.write_all(&salt)?;
        loop {
            let mut record = vec![0; 4];
            client.read_exact(&mut record)?;
            let len = u32::from_be_bytes(record[..4].try_into().expect("four bytes")) as usize;
            record.resize(4 + len, 0);
            client.read_exact(&mut record[4..])?;
            self.note(&record);
            let deed = meddle.lock().expect("no panic")(number, record);
            match deed {
                Deed::Send(records) => {
                    for record in records {
                        relay.write_all(&record)?;
                    }
                }
                Deed::Cut => return relay.shutdown(Shutdown::Both),
            }
        }
    }
}

fn copy_of(stream: &TcpStream) -> TcpStream {
    stream.set_nodelay(true).expect("a socket");
    stream.try_clone().expect("a socket")
}
