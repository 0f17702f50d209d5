//! Who is at the shelf, and what they may do at this moment.
//!
//! Owns the questions to the accounts; what follows from the answers is the core's.

use super::Visit;
use crate::accounts::LoginRefused;
use crate::counters::Count;
use couplet::account::Rights;
use couplet::shelf::host::Refused;
use couplet::shelf::message::ShelfFault;
use std::time::Duration;
use tracing::info;

impl<S> Visit<'_, S> {
    /// Looks up what may be done now, before each request: an account may have been changed or
    /// removed, or the first one made since nobody had to log in.
    pub(super) async fn look_up_rights(&mut self) {
        if let Some(session) = &mut self.session {
            match session.still_valid().await {
                Ok(rights) => self.host.handle_rights(Some(rights)),
                Err(over) => {
                    info!(client = self.number, why = %over, "shut out of the shelf");
                    self.host.handle_rights(None);
                }
            }
        } else if self.is_anybody {
            match self.relay.accounts.any().await {
                Ok(false) => {}
                Ok(true) => {
                    info!(client = self.number, "shut out of the shelf: there are accounts now");
                    self.host.handle_rights(None);
                }
                Err(unavailable) => {
                    self.host.handle_fault(ShelfFault::Storage, unavailable.to_string());
                }
            }
        }
    }

    /// Whether somebody is who they say.
    pub(super) async fn check_login(
        &mut self,
        user: &str,
        password: &str,
    ) -> Result<Rights, (Refused, Option<Duration>)> {
        match self.relay.accounts.login(user, password.as_bytes(), self.from.ip()).await {
            Ok(session) => {
                let rights = session.rights();
                self.session = Some(session);
                Ok(rights)
            }
            Err(refused) => {
                self.relay.counters.one(Count::LoginsFailed);
                let text = refused.to_string();
                let (code, wait) = match refused {
                    LoginRefused::Wrong => (ShelfFault::LoginFailed, None),
                    LoginRefused::SlowDown(wait) => (ShelfFault::SlowDown, Some(wait)),
                    LoginRefused::Locked(wait) => (ShelfFault::Locked, Some(wait)),
                    LoginRefused::Busy => (ShelfFault::RelayFull, None),
                    LoginRefused::Unavailable(_) | LoginRefused::NoMemory => {
                        (ShelfFault::Storage, None)
                    }
                };
                Err(((code, text), wait))
            }
        }
    }
}
