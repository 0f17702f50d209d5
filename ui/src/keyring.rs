//! The system's keyring, where passwords of shelves are kept if their user says so.
//!
//! Owns the conversation with it: the Secret Service of freedesktop.org, over the session's D-Bus, as
//! GNOME Keyring, `KWallet` and `KeePassXC` have it. What is kept for which account of which relay is
//! found by the two as attributes. There it is encrypted on the disk, and readable to whatever
//! programs of this user the keyring lets in.
//!
//! Everything has a limit in time, as a keyring that hangs must not hang a command.

use futures::StreamExt as _;
use std::collections::HashMap;
use std::time::Duration;
use zbus::message::Type;
use zbus::{
    Connection, DynamicType, MatchRule, MessageStream, ObjectPath, OwnedObjectPath, OwnedVariant,
    Variant,
};
use zeroize::Zeroizing;

const SERVICE: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const ROOT_INTERFACE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const PROMPT: &str = "org.freedesktop.Secret.Prompt";

/// How long the keyring may take for an answer in which no person has a part.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long somebody may take to unlock it.
const PROMPT_PATIENCE: Duration = Duration::from_mins(2);

/// The longest secret that is taken; what is kept here is far shorter.
const MAX_SECRET_BYTES: usize = 4096;

/// Whose password, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The account.
    pub user: String,
    /// The relay, as `HOST:PORT`.
    pub relay: String,
}

/// The keyring was no help. Each says what is wrong; the caller says what follows from it.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is none.
    #[error("there is no system keyring here ({0})")]
    None(String),
    /// It is locked, and stays so.
    #[error("the system keyring is locked; unlock it and try again")]
    Locked,
    /// It doesn't answer.
    #[error("the system keyring doesn't answer")]
    Silent,
    /// It answers that it can't.
    #[error("the system keyring can't do it: {0}")]
    Failed(String),
}

/// A secret as it travels: session, parameters, value, content type.
type Secret<'a> = (ObjectPath<'a>, Vec<u8>, Vec<u8>, &'a str);
type OwnedSecret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// What is kept under this key; unlocks it if that is all that is in the way.
///
/// # Errors
/// [`KeyringError`], among them that there is no keyring.
pub async fn find(key: &Key) -> Result<Option<Zeroizing<String>>, KeyringError> {
    let keyring = Keyring::open().await?;
    let Some(item) = keyring.item(key).await? else { return Ok(None) };
    let reply = keyring.call(&item, ITEM, "GetSecret", &(&keyring.session,)).await?;
    let (_, _, value, _): OwnedSecret = body(&reply)?;
    let value = Zeroizing::new(value);
    let text = std::str::from_utf8(&value).ok().filter(|text| text.len() <= MAX_SECRET_BYTES);
    // Another program's, or one that is broken: as good as none.
    Ok(text.map(|text| Zeroizing::new(text.to_owned())))
}

/// Keeps a password under this key, in the place of another.
///
/// # Errors
/// [`KeyringError`], among them that there is no keyring.
pub async fn remember(key: &Key, password: &str) -> Result<(), KeyringError> {
    let keyring = Keyring::open().await?;
    let reply = keyring.call(ROOT, ROOT_INTERFACE, "ReadAlias", &("default",)).await?;
    let collection: OwnedObjectPath = body(&reply)?;
    if collection.as_str() == "/" {
        let text = "it has no default collection; make one in its settings".to_owned();
        return Err(KeyringError::Failed(text));
    }
    keyring.unlock(&collection).await?;
    let label = format!("couplet: {} at {}", key.user, key.relay);
    let properties: HashMap<&str, Variant<'_>> = HashMap::from([
        ("org.freedesktop.Secret.Item.Label", Variant::from(label)),
        ("org.freedesktop.Secret.Item.Attributes", Variant::from(key.attributes())),
    ]);
    let session = ObjectPath::from(&keyring.session);
    let secret: Secret<'_> = (session, Vec::new(), password.as_bytes().to_vec(), "text/plain");
    let arguments = (properties, secret, true);
    let reply = keyring.call(collection.as_str(), COLLECTION, "CreateItem", &arguments).await?;
    let (_, prompt): (OwnedObjectPath, OwnedObjectPath) = body(&reply)?;
    keyring.prompt(&prompt).await
}

/// Forgets what is kept under this key; gives whether there was something.
///
/// # Errors
/// [`KeyringError`], among them that there is no keyring.
pub async fn forget(key: &Key) -> Result<bool, KeyringError> {
    let keyring = Keyring::open().await?;
    let Some(item) = keyring.item(key).await? else { return Ok(false) };
    let reply = keyring.call(&item, ITEM, "Delete", &()).await?;
    let prompt: OwnedObjectPath = body(&reply)?;
    keyring.prompt(&prompt).await?;
    Ok(true)
}

impl Key {
    fn attributes(&self) -> HashMap<&str, &str> {
        HashMap::from([
            ("application", "couplet"),
            ("user", self.user.as_str()),
            ("relay", self.relay.as_str()),
        ])
    }
}

struct Keyring {
    connection: Connection,
    session: OwnedObjectPath,
}

impl Keyring {
    async fn open() -> Result<Self, KeyringError> {
        let opened = tokio::time::timeout(PATIENCE, Connection::session()).await;
        let connection = opened
            .map_err(|_| KeyringError::Silent)?
            .map_err(|error| KeyringError::None(told(&error)))?;
        // Secrets go over the bus as they are: its socket is this user's, who may ask for them anyway.
        let arguments = ("plain", Variant::from(""));
        let reply = call(&connection, ROOT, ROOT_INTERFACE, "OpenSession", &arguments).await;
        // A bus without a keyring is no keyring either.
        let reply = reply.map_err(|error| {
            if let KeyringError::Failed(text) = error { KeyringError::None(text) } else { error }
        })?;
        let (_, session): (OwnedVariant, OwnedObjectPath) = body(&reply)?;
        Ok(Self { connection, session })
    }

    /// Where what is kept under this key is, unlocked.
    async fn item(&self, key: &Key) -> Result<Option<OwnedObjectPath>, KeyringError> {
        let reply = self.call(ROOT, ROOT_INTERFACE, "SearchItems", &(key.attributes(),)).await?;
        let (unlocked, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) = body(&reply)?;
        if let Some(item) = unlocked.into_iter().next() {
            return Ok(Some(item));
        }
        let Some(item) = locked.into_iter().next() else { return Ok(None) };
        self.unlock(&item).await?;
        Ok(Some(item))
    }

    async fn unlock(&self, what: &OwnedObjectPath) -> Result<(), KeyringError> {
        let reply = self.call(ROOT, ROOT_INTERFACE, "Unlock", &(vec![what],)).await?;
        let (unlocked, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = body(&reply)?;
        if unlocked.contains(what) { Ok(()) } else { self.prompt(&prompt).await }
    }

    /// Lets the keyring ask its user what it wants to, if it does.
    async fn prompt(&self, prompt: &OwnedObjectPath) -> Result<(), KeyringError> {
        if prompt.as_str() == "/" {
            return Ok(());
        }
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface(PROMPT)
            .member("Completed")
            .path(prompt.as_str())
            .build();
        let rule = rule.map_err(|error| KeyringError::Failed(told(&error)))?;
        let listening = MessageStream::for_match_rule(rule, &self.connection, None);
        let mut answers = listening.await.map_err(|error| KeyringError::Failed(told(&error)))?;
        self.call(prompt.as_str(), PROMPT, "Prompt", &("",)).await?;
        let answer = tokio::time::timeout(PROMPT_PATIENCE, answers.next()).await;
        let answer = answer.map_err(|_| KeyringError::Locked)?.ok_or(KeyringError::Silent)?;
        let answer = answer.map_err(|error| KeyringError::Failed(told(&error)))?;
        let (dismissed, _): (bool, OwnedVariant) = body(&answer)?;
        if dismissed { Err(KeyringError::Locked) } else { Ok(()) }
    }

    async fn call<B>(
        &self,
        path: &str,
        interface: &'static str,
        method: &'static str,
        arguments: &B,
    ) -> Result<zbus::Message, KeyringError>
    where
        B: serde::Serialize + DynamicType,
    {
        call(&self.connection, path, interface, method, arguments).await
    }
}

async fn call<B>(
    connection: &Connection,
    path: &str,
    interface: &'static str,
    method: &'static str,
    arguments: &B,
) -> Result<zbus::Message, KeyringError>
where
    B: serde::Serialize + DynamicType,
{
    let call = connection.call_method(Some(SERVICE), path, Some(interface), method, arguments);
    let reply = tokio::time::timeout(PATIENCE, call).await.map_err(|_| KeyringError::Silent)?;
    reply.map_err(|error| KeyringError::Failed(told(&error)))
}

fn body<T>(message: &zbus::Message) -> Result<T, KeyringError>
where
    T: serde::de::DeserializeOwned + zbus::Type,
{
    message.body().deserialize().map_err(|error| KeyringError::Failed(told(&error)))
}

/// What another program says, fit for a screen.
fn told(error: &impl std::fmt::Display) -> String {
    couplet::text::line(&error.to_string(), couplet::limits::MAX_REASON_COLUMNS / 2)
}
