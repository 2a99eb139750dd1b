//! Table `websockets`: connections that turned from HTTP to WebSocket.

use super::{Column, Get, Origin, Record, text_of};

/// What one side sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// Text messages.
    pub text: u64,
    /// Their bytes.
    pub text_bytes: u64,
    /// Binary messages.
    pub binary: u64,
    /// Their bytes.
    pub binary_bytes: u64,
    /// Close, ping and pong frames.
    pub control: u64,
    /// Frames that continue a message.
    pub continuations: u64,
    /// Messages that are compressed.
    pub compressed: u64,
    /// Status code of its close frame.
    pub close_code: Option<u16>,
}

/// One WebSocket connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocket {
    /// Flow, and the frame that completed the opening.
    pub origin: Origin,
    /// Host asked for.
    pub host: Option<String>,
    /// Path asked for.
    pub path: Option<String>,
    /// Of the device.
    pub outbound: Messages,
    /// Of the remote.
    pub inbound: Messages,
    /// All of it was seen.
    pub is_complete: bool,
    /// Read from a decrypted stream.
    pub decrypted: bool,
}

impl Record for WebSocket {
    const TABLE: &'static str = "websockets";
    const ABOUT: &'static str = "one row per connection that turned from HTTP to WebSocket (RFC 6455)";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("host", "", "host of the request that opened it", Get::Text(|r| text_of(r.host.as_ref()))),
        Column::new("path", "", "path of the request that opened it, without query", Get::Text(|r| text_of(r.path.as_ref()))),
        Column::new("text_messages_out", "", "text messages from the device", Get::Number(|r| Some(r.outbound.text))),
        Column::new(
            "text_bytes_out",
            "bytes",
            "their payload as sent, continuations included",
            Get::Number(|r| Some(r.outbound.text_bytes)),
        ),
        Column::new("binary_messages_out", "", "binary messages from the device", Get::Number(|r| Some(r.outbound.binary))),
        Column::new(
            "binary_bytes_out",
            "bytes",
            "their payload as sent, continuations included",
            Get::Number(|r| Some(r.outbound.binary_bytes)),
        ),
        Column::new(
            "continuations_out",
            "",
            "frames from the device that continue a message",
            Get::Number(|r| Some(r.outbound.continuations)),
        ),
        Column::new("control_frames_out", "", "close, ping and pong frames from the device", Get::Number(|r| Some(r.outbound.control))),
        Column::new(
            "compressed_messages_out",
            "",
            "messages from the device that are compressed (RFC 7692)",
            Get::Number(|r| Some(r.outbound.compressed)),
        ),
        Column::new(
            "close_code_out",
            "",
            "status code of the close frame from the device; empty without one",
            Get::Number(|r| r.outbound.close_code.map(u64::from)),
        ),
        Column::new("text_messages_in", "", "text messages to the device", Get::Number(|r| Some(r.inbound.text))),
        Column::new("text_bytes_in", "bytes", "their payload as sent, continuations included", Get::Number(|r| Some(r.inbound.text_bytes))),
        Column::new("binary_messages_in", "", "binary messages to the device", Get::Number(|r| Some(r.inbound.binary))),
        Column::new(
            "binary_bytes_in",
            "bytes",
            "their payload as sent, continuations included",
            Get::Number(|r| Some(r.inbound.binary_bytes)),
        ),
        Column::new("continuations_in", "", "frames to the device that continue a message", Get::Number(|r| Some(r.inbound.continuations))),
        Column::new("control_frames_in", "", "close, ping and pong frames to the device", Get::Number(|r| Some(r.inbound.control))),
        Column::new(
            "compressed_messages_in",
            "",
            "messages to the device that are compressed (RFC 7692)",
            Get::Number(|r| Some(r.inbound.compressed)),
        ),
        Column::new(
            "close_code_in",
            "",
            "status code of the close frame to the device; empty without one",
            Get::Number(|r| r.inbound.close_code.map(u64::from)),
        ),
        Column::new(
            "complete",
            "",
            "true when the frames of both sides were read without gap or doubt",
            Get::Flag(|r| Some(r.is_complete)),
        ),
        Column::new("decrypted", "", "true when it was read from a decrypted stream", Get::Flag(|r| Some(r.decrypted))),
    ];
}
