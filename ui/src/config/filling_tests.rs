//! What of the file counts, and what is told of a bad one.

use super::super::looks::{SymbolSet, Timestamps};
use super::super::one_shot::Existing;
use super::*;
use tempfile::TempDir;

/// A user with this configuration.
fn user(configuration: &str) -> (TempDir, Places) {
    let home = tempfile::tempdir().expect("a directory");
    let config = home.path().join(".config/couplet");
    std::fs::create_dir_all(config.join("themes")).expect("directories");
    std::fs::write(config.join("config.toml"), configuration).expect("a file");
    let places = Places { config: Some(config), home: Some(home.path().to_owned()) };
    (home, places)
}

fn read(places: &Places, args: &[&str]) -> Result<Cli, String> {
    let args = std::iter::once(&"couplet").chain(args);
    Cli::read_with(args, places).map_err(|error| error.to_string())
}

fn chat(places: &Places, args: &[&str]) -> Chat {
    read(places, args).expect("a command line").chat
}

#[test]
fn flags_count_more_than_the_file_and_the_file_more_than_nothing() {
    let (home, places) = user(
        "relay = 'relay.lan'\nname = 'ann'\ndownloads = '~/in'\nlimit = '1M'\nmouse = true\n\
         bell = false\nsymbols = 'ascii'\nexisting = 'skip'\ntheme = 'paper'\n",
    );
    let plain = chat(&places, &[]);
    assert_eq!(plain.at.relay, "relay.lan:3647");
    assert_eq!(plain.at.name.as_deref(), Some("ann"));
    assert_eq!(plain.downloads, home.path().join("in"));
    assert_eq!((plain.limit, plain.existing), (Some(1 << 20), Existing::Skip));
    assert!(plain.looks.mouse.is_on() && !plain.looks.bell.is_on() && plain.looks.title.is_on());
    assert_eq!(plain.looks.symbols, SymbolSet::Ascii);
    assert_eq!(plain.looks.palette, Palette::named("paper"));
    let said = chat(
        &places,
        &["--relay=x:1", "--name=bob", "--downloads=d", "--limit=2M", "--mouse=off", "--bell=on"],
    );
    assert_eq!(said.at.relay, "x:1");
    assert_eq!(said.at.name.as_deref(), Some("bob"));
    assert_eq!((said.downloads, said.limit), ("d".into(), Some(2 << 20)));
    assert!(!said.looks.mouse.is_on() && said.looks.bell.is_on());
    // A default that is said counts, too.
    assert_eq!(chat(&places, &["--existing=rename"]).existing, Existing::Rename);
    let without = chat(&Places::default(), &[]);
    assert_eq!(without.looks.timestamps, Timestamps::Short);
    assert_eq!(without.looks.palette, Palette::named("terminal"));
}

#[test]
fn the_commands_without_a_screen_take_what_they_know() {
    let (_home, places) =
        user("relay = 'relay.lan:9'\nname = 'ann'\ndownloads = '/in'\ntls = 'never'\nlimit = 9000");
    let Some(Command::Send(send)) = read(&places, &["send", "x"]).expect("read").command else {
        panic!("no send")
    };
    assert_eq!((&*send.common.at.relay, send.common.limit), ("relay.lan:9", Some(9000)));
    let receive = |args: &[&str]| match read(&places, args).expect("read").command {
        Some(Command::Receive(receive)) => receive,
        other => panic!("{other:?}"),
    };
    assert_eq!(receive(&["receive"]).to, Path::new("/in"));
    assert_eq!(receive(&["receive"]).common.at.name.as_deref(), Some("ann"));
    assert_eq!(receive(&["receive", "--to", "x"]).to, Path::new("x"));
    let shelf = |args: &[&str]| match read(&places, args).expect("read").command {
        Some(Command::Shelf(shelf)) => shelf,
        other => panic!("{other:?}"),
    };
    assert_eq!(shelf(&["shelf", "list"]).common.relay, "relay.lan:9");
    assert_eq!(shelf(&["shelf", "list", "--relay", "x:1"]).common.relay, "x:1");
    assert_eq!(shelf(&["shelf", "--relay", "x:1", "list"]).common.relay, "x:1");
    let ShelfCommand::Get { to, limit, .. } = shelf(&["shelf", "get", "a"]).command else {
        panic!("no get")
    };
    assert_eq!((&*to, limit), (Path::new("/in"), Some(9000)));
    let Some(Command::Partials(partials)) = read(&places, &["partials"]).expect("read").command
    else {
        panic!("no partials")
    };
    assert_eq!(partials.downloads, Path::new("/in"));
}

#[test]
fn what_is_gone_back_to_keeps_its_name() {
    let (_home, places) = user("name = 'ann'\nlimit = '1M'");
    let last = chat(&places, &["--last"]);
    assert_eq!((last.at.name, last.limit), (None, None));
    for (args, name) in [(&["web"][..], Some("ann")), (&["web", "--last"], None)] {
        let Some(Command::Web(web)) = read(&places, args).expect("read").command else {
            panic!("no page")
        };
        assert_eq!(web.at.name.as_deref(), name);
    }
}

#[test]
fn another_file_can_be_named() {
    let (home, places) = user("name = 'ann'");
    let other = home.path().join("other.toml");
    std::fs::write(&other, "name = 'bob'").expect("a file");
    let other = other.to_str().expect("text");
    assert_eq!(chat(&places, &["--config", other]).at.name.as_deref(), Some("bob"));
    let Some(Command::Send(send)) =
        read(&places, &["send", "--config", other, "x"]).expect("read").command
    else {
        panic!("no send")
    };
    assert_eq!(send.common.at.name.as_deref(), Some("bob"));
    let wrong = read(&places, &["--config", "/nowhere/at/all"]).expect_err("it isn't there");
    assert!(wrong.contains("the configuration /nowhere/at/all can't be read"), "{wrong}");
}

#[test]
fn a_bad_file_is_told_and_hinders_only_who_needs_it() {
    let (home, places) = user("relay = 'a'\nrelai = 'b'");
    let wrong = read(&places, &[]).expect_err("a typo");
    let path = home.path().join(".config/couplet/config.toml");
    let said = format!(
        "error: {}, line 2: the configuration has no setting relai; did you mean relay?\n",
        path.display()
    );
    assert_eq!(wrong, said);
    assert!(read(&places, &["relays"]).is_ok());
    std::fs::write(&path, vec![b'#'; 70_000]).expect("a file");
    assert!(read(&places, &[]).expect_err("too big").contains("too big"));
    std::fs::write(&path, [0xff, 0xfe]).expect("a file");
    assert!(read(&places, &[]).expect_err("no text").contains("UTF-8"));
    std::fs::remove_file(&path).expect("no file");
    assert!(read(&places, &[]).is_ok());
    std::fs::create_dir(&path).expect("a directory");
    assert!(read(&places, &[]).expect_err("no file").contains("no file"));
}

#[test]
fn themes_are_found_by_name_and_by_path() {
    let (_home, places) = user("theme = 'mine'");
    let themes = places.config.clone().expect("a directory").join("themes");
    let wrong = read(&places, &[]).expect_err("it isn't there");
    assert!(
        wrong.contains("there is no theme mine") && wrong.contains("terminal, dusk"),
        "{wrong}"
    );
    std::fs::write(themes.join("mine.toml"), "base = 'dusk'").expect("a file");
    assert_eq!(chat(&places, &[]).looks.palette, Palette::named("dusk"));
    assert_eq!(chat(&places, &["--theme", "paper"]).looks.palette, Palette::named("paper"));
    let home = "~/.config/couplet/themes/mine.toml";
    assert_eq!(chat(&places, &["--theme", home]).looks.palette, Palette::named("dusk"));
    std::fs::write(themes.join("mine.toml"), "\nme = 'rde'").expect("a file");
    let wrong = read(&places, &[]).expect_err("no colour");
    assert!(
        wrong.contains("mine.toml, line 2: me: rde is no colour; did you mean red?"),
        "{wrong}"
    );
}

/// The examples of the documentation are what they say.
#[test]
fn the_documentation_is_true() {
    let document = include_str!("../../../docs/CONFIGURATION.md");
    let mut blocks =
        document.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let (config, theme) = (blocks.next().expect("a file"), blocks.next().expect("a theme"));
    // All that is commented out is an example, too.
    let uncommented = |line: &str| {
        let example = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        example.unwrap_or(line).to_owned() + "\n"
    };
    let all = |text: &str| text.lines().map(uncommented).collect::<String>();
    for text in [config.to_owned(), all(config)] {
        let read = file::read(&text, None);
        assert!(read.is_ok(), "{read:?} in\n{text}");
    }
    for text in [theme.to_owned(), all(theme)] {
        let read = Palette::read(&text);
        assert!(read.is_ok(), "{read:?} in\n{text}");
    }
    for key in ["relay", "theme", "notify", "title", "mouse", "limit"] {
        assert!(all(config).contains(&format!("{key} = ")), "{key}");
    }
}
