//! What goes wrong, carried out.

use crate::weather::{Death, Fault, Third};
use crate::world::{Event, World};
use std::time::Duration;

/// A program that is to die in the middle of its steps has so long to take them.
const AT_LAST: Duration = Duration::from_secs(4);

impl World {
    pub(crate) fn go_wrong(&mut self, fault: &Fault) {
        match *fault {
            Fault::Cut { client } => {
                if let Some(conn) = self.conn_of(client) {
                    self.break_conn(conn, true, true);
                }
            }
            Fault::HalfOpen { client, client_hears, relay_hears } => {
                if let Some(conn) = self.conn_of(client) {
                    self.break_conn(conn, client_hears, relay_hears);
                }
            }
            Fault::Stall { client, for_ms } => {
                if let Some(conn) = self.conn_of(client) {
                    self.stall(conn, Duration::from_millis(for_ms));
                }
            }
            Fault::RelayCrash { down_ms, silently } => {
                self.relay_dies(silently, Duration::from_millis(down_ms));
            }
            Fault::RelayDrain { down_ms } => self.drain(Duration::from_millis(down_ms)),
            Fault::Death { client, how, after_steps, down_ms } => {
                self.light_fuse(client, how, after_steps, Duration::from_millis(down_ms));
            }
            Fault::CutPipes { client } => self.cut_pipes(client),
            Fault::Fin { client, comes_back } => {
                let now = self.now;
                let user = &mut self.clients[client].user;
                user.left_for_good = !comes_back;
                if self.clients[client].program.is_none() && !comes_back {
                    // It was to be started again, and won't be.
                    self.clients[client].user.left_for_good = false;
                }
                self.user_session(client, |session| session.fin(now));
            }
            Fault::ThirdComes => self.third_comes(),
        }
    }

    fn conn_of(&self, client: usize) -> Option<crate::wire::ConnId> {
        self.clients[client].program.as_ref().and_then(|program| program.conn)
    }

    fn light_fuse(&mut self, client: usize, how: Death, steps: u32, down: Duration) {
        let Some(program) = &mut self.clients[client].program else { return };
        if program.fuse.is_none() {
            program.fuse = Some((steps, how, down));
            let number = program.number;
            self.after(AT_LAST, Event::Die { client, program: number });
        }
    }

    fn third_comes(&mut self) {
        let client = &self.clients[2];
        if client.program.is_none() && client.programs == 0 {
            self.start_client(2);
        }
    }

    /// From here on nothing goes wrong any more. The third leaves, as all that the two need is there.
    pub(crate) fn heal(&mut self) {
        self.healed = true;
        self.note(|| "HEALED".to_owned());
        let now = self.now;
        for client in &mut self.clients {
            if let Some(program) = &mut client.program {
                program.fuse = None;
            }
        }
        if self.weather.third.is_none_or(|third| third != Third::Newcomer)
            || self.clients[2].programs > 0
        {
            self.clients[2].user.left_for_good = true;
        }
        self.user_session(2, |session| session.fin(now));
        if self.clients[2].program.is_none() {
            self.clients[2].retired = true;
        }
        self.after(Duration::from_secs(1), Event::Look);
    }
}
