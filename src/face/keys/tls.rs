//! The part of `whereto keys` that tells which secret opened which TLS and QUIC connection, by the place the secret came
//! from.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};

use crate::record::{Origin, Quic, Row, Tls};

/// The connections of one capture.
#[derive(Debug, Default)]
pub(super) struct Connections {
    list: Vec<Connection>,
}

#[derive(Debug)]
struct Connection {
    protocol: &'static str,
    flow_id: u64,
    remote: String,
    server_name: Option<String>,
    version: String,
    secrets: Vec<String>,
    plain: Option<(u64, u64)>,
    unopened: Option<u64>,
}

impl Connection {
    fn of_tls(row: &Tls) -> Self {
        Self {
            protocol: "tls",
            flow_id: row.origin.flow_id,
            remote: remote(&row.origin),
            server_name: row.hellos.server_name.clone(),
            version: row.hellos.version.clone().unwrap_or_default().into_owned(),
            secrets: row.decrypted_by.clone(),
            plain: row.plain_bytes_out.zip(row.plain_bytes_in),
            unopened: row.unopened,
        }
    }

    fn of_quic(row: &Quic) -> Self {
        Self {
            protocol: "quic",
            flow_id: row.origin.flow_id,
            remote: remote(&row.origin),
            server_name: row.hellos.server_name.clone(),
            version: format!("QUIC {}", row.quic_version),
            secrets: row.decrypted_by.clone(),
            plain: row.plain_bytes_out.zip(row.plain_bytes_in),
            unopened: row.unopened,
        }
    }

    fn is_opened(&self) -> bool {
        !self.secrets.is_empty()
    }
}

fn remote(origin: &Origin) -> String {
    match (origin.remote_ip, origin.remote_port) {
        (address, Some(port)) => std::net::SocketAddr::new(address, port).to_string(),
        (address, None) => address.to_string(),
    }
}

impl Connections {
    /// Keeps what a row tells of a connection.
    pub(super) fn keep(&mut self, row: &Row) {
        match row {
            Row::Tls(row) => self.list.push(Connection::of_tls(row)),
            Row::Quic(row) => self.list.push(Connection::of_quic(row)),
            _ => {}
        }
    }

    /// Opened connections one by one, the others as a number.
    pub(super) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        if self.list.is_empty() {
            return Ok(());
        }
        let opened: Vec<&Connection> = self.list.iter().filter(|connection| connection.is_opened()).collect();
        let secrets: BTreeSet<&String> = opened.iter().flat_map(|connection| &connection.secrets).collect();
        writeln!(out, "  {} of {} TLS and QUIC connections opened, by {} secrets", opened.len(), self.list.len(), secrets.len())?;
        for connection in opened {
            let name = connection.server_name.as_deref().unwrap_or("(no name)");
            writeln!(out, "    flow {} {} {name}, {}", connection.flow_id, connection.remote, connection.version)?;
            let (sent, received) = connection.plain.unwrap_or_default();
            let sealed = connection.unopened.filter(|count| *count > 0).map(|count| format!(", {count} stay sealed")).unwrap_or_default();
            writeln!(out, "      {sent} bytes out, {received} in{sealed}: {}", connection.secrets.join(", "))?;
        }
        Ok(())
    }

    /// All of them, for a machine.
    pub(super) fn json(&self) -> Value {
        let shown = |connection: &Connection| {
            json!({
                "protocol": connection.protocol,
                "flow_id": connection.flow_id,
                "remote": connection.remote,
                "server_name": connection.server_name,
                "version": connection.version,
                "decrypted_by": connection.secrets,
                "plain_bytes_out": connection.plain.map(|(sent, _)| sent),
                "plain_bytes_in": connection.plain.map(|(_, received)| received),
                "unopened": connection.unopened,
            })
        };
        self.list.iter().map(shown).collect()
    }
}
