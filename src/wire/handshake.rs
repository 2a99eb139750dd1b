//! TLS handshake messages: those that travel in clear, which are hellos and, before TLS 1.3, certificates; and those
//! that TLS 1.3 seals. RFC 8446 section 4, RFC 5246 section 7.4, and the extensions that say where a client wants to go.
//!
//! ```text
//! client hello   version 2 | random 32 | session 1+n | cipher suites 2+n | compression 1+n | extensions 2+n
//! server hello   version 2 | random 32 | session 1+n | cipher suite 2 | compression 1 | extensions 2+n
//! certificates   context 1+n | certificates 3+n, each certificate 3+n | extensions 2+n            in TLS 1.3
//! compressed     algorithm 2 | length 3 | certificates 3+n                                       RFC 8879
//! extension      type 2 | length 2 | body
//! ```
//!
//! The messages are read by tls-parser; the list of extensions is walked here, because its own walk ends
//! silently at the first extension it cannot read and a fingerprint needs them all.

use std::borrow::Cow;

use tls_parser::{TlsClientHelloContents, TlsExtension, TlsMessage, TlsMessageHandshake, TlsServerHelloContents};

use super::Reader;

/// Random of a server hello that asks for another client hello (RFC 8446 section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
    0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Extension `server_name` (RFC 6066).
pub(crate) const SERVER_NAME: u16 = 0;
/// Extension `application_layer_protocol_negotiation` (RFC 7301).
pub(crate) const ALPN: u16 = 16;
/// Extension `encrypt_then_mac` (RFC 7366).
pub(crate) const ENCRYPT_THEN_MAC: u16 = 22;
/// Extension `extended_master_secret` (RFC 7627).
pub(crate) const EXTENDED_MASTER_SECRET: u16 = 23;
const PRE_SHARED_KEY: u16 = 41;
const QUIC_PARAMETERS: u16 = 57;
const QUIC_PARAMETERS_DRAFT: u16 = 0xffa5;
const ENCRYPTED_HELLO: u16 = 0xfe0d;
const ENCRYPTED_NAME: u16 = 0xffce;

/// A handshake message.
#[derive(Debug)]
pub(crate) enum Handshake<'a> {
    /// Client hello.
    ClientHello(ClientHello<'a>),
    /// Server hello, also the one that asks for another client hello.
    ServerHello(ServerHello<'a>),
    /// Certificates, leaf first, in DER.
    Certificates(Vec<&'a [u8]>),
    /// End of the server's part of a full handshake before TLS 1.3.
    ServerHelloDone,
    /// The client's part of the key exchange before TLS 1.3.
    KeyExchange(&'a [u8]),
    /// A message that says nothing we tell.
    Other,
}

/// What a client hello offers.
#[derive(Debug, Default)]
pub(crate) struct ClientHello<'a> {
    /// Version of its own field: at most TLS 1.2.
    pub(crate) version: u16,
    /// What secrets are found by; zeros in a hello of SSL 2.0.
    pub(crate) random: [u8; 32],
    /// Session identifier, empty without one.
    pub(crate) session: &'a [u8],
    /// Cipher suites, in order.
    pub(crate) ciphers: Vec<u16>,
    /// Types of the extensions, in order.
    pub(crate) extensions: Vec<u16>,
    /// Server name.
    pub(crate) server_name: Option<&'a [u8]>,
    /// Application protocols, in order.
    pub(crate) alpn: Vec<&'a [u8]>,
    /// Versions of the extension `supported_versions`, in order.
    pub(crate) versions: Vec<u16>,
    /// Signature algorithms, in order.
    pub(crate) signatures: Vec<u16>,
    /// Transport parameters of QUIC.
    pub(crate) quic_parameters: Option<&'a [u8]>,
    /// Its end is missing: fingerprints would be wrong.
    pub(crate) is_cut: bool,
}

/// What a server hello chooses.
#[derive(Debug, Default)]
pub(crate) struct ServerHello<'a> {
    /// Version chosen.
    pub(crate) version: u16,
    /// The server's part of the keys before TLS 1.3.
    pub(crate) random: [u8; 32],
    /// Types of the extensions, in order.
    pub(crate) extensions: Vec<u16>,
    /// Compression chosen (before TLS 1.3); 0 for none.
    pub(crate) compression: u8,
    /// Session identifier, empty without one.
    pub(crate) session: &'a [u8],
    /// Cipher suite chosen.
    pub(crate) cipher: u16,
    /// Application protocol chosen, where it is not encrypted.
    pub(crate) alpn: Option<&'a [u8]>,
    /// It chose a pre-shared key: the session goes on from an earlier one.
    pub(crate) has_shared_key: bool,
    /// It asks for another client hello.
    pub(crate) is_retry: bool,
}

/// Reads one whole message; `None` when it is not what its type says.
pub(crate) fn read(message: &[u8]) -> Option<Handshake<'_>> {
    match message.first()? {
        1 | 2 | 6 | 11 => read_known(message),
        14 => Some(Handshake::ServerHelloDone),
        16 => message.get(4..).map(Handshake::KeyExchange),
        0 | 3..=5 | 8 | 12 | 13 | 15 | 20..=25 | 67 | 254 => Some(Handshake::Other),
        _ => None,
    }
}

fn read_known(message: &[u8]) -> Option<Handshake<'_>> {
    let Ok((_, TlsMessage::Handshake(known))) = tls_parser::parse_tls_message_handshake(message) else {
        return read_draft(message).map(Handshake::ServerHello);
    };
    Some(match known {
        TlsMessageHandshake::ClientHello(hello) => Handshake::ClientHello(ClientHello::new(&hello)),
        TlsMessageHandshake::ServerHello(hello) => Handshake::ServerHello(ServerHello::new(&hello)),
        TlsMessageHandshake::ServerHelloV13Draft18(hello) => Handshake::ServerHello(ServerHello {
            version: hello.version.0,
            random: hello.random.try_into().unwrap_or_default(),
            cipher: hello.cipher.0,
            ..ServerHello::default()
        }),
        TlsMessageHandshake::HelloRetryRequest(hello) => Handshake::ServerHello(ServerHello {
            version: hello.version.0,
            cipher: hello.cipher.0,
            is_retry: true,
            ..ServerHello::default()
        }),
        TlsMessageHandshake::Certificate(chain) => Handshake::Certificates(chain.cert_chain.iter().map(|raw| raw.data).collect()),
        _ => Handshake::Other,
    })
}

/// Server hello of the drafts up to 21, which had neither session nor compression.
fn read_draft(message: &[u8]) -> Option<ServerHello<'_>> {
    let mut reader = Reader::new(message);
    let kind = reader.u8().ok()?;
    reader.skip(3).ok()?;
    let version = reader.u16().ok()?;
    let random = reader.array().ok()?;
    let cipher = reader.u16().ok()?;
    (kind == 2 && version & 0xff00 == 0x7f00).then(|| ServerHello { version, random, cipher, ..ServerHello::default() })
}

impl<'a> ClientHello<'a> {
    fn new(hello: &TlsClientHelloContents<'a>) -> Self {
        let mut read = Self {
            version: hello.version.0,
            random: hello.random.try_into().unwrap_or_default(),
            session: hello.session_id.unwrap_or_default(),
            ciphers: hello.ciphers.iter().map(|cipher| cipher.0).collect(),
            ..Self::default()
        };
        read.extend(hello.ext.unwrap_or_default());
        read
    }

    /// What a client hello says before the place where the capture lost it; `None` when that is not even the fixed part.
    pub(crate) fn read_cut(message: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(message);
        let [kind, _, _, _] = reader.array().ok()?;
        let version = reader.u16().ok()?;
        let random = reader.array().ok()?;
        let session_bytes = reader.u8().ok()?;
        if kind != 1 || !matches!(version >> 8, 3 | 0xfe) || session_bytes > 32 {
            return None;
        }
        let mut read = Self { version, random, session: reader.take_up_to(session_bytes.into()), is_cut: true, ..Self::default() };
        let mut ciphers = Reader::new(counted(&mut reader, 2));
        read.ciphers = std::iter::from_fn(|| ciphers.u16().ok()).collect();
        counted(&mut reader, 1);
        read.extend(counted(&mut reader, 2));
        Some(read)
    }

    /// The hello of SSL 2.0 (RFC 5246 appendix E.2), without its record header.
    pub(crate) fn read_ssl2(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let kind = reader.u8().ok()?;
        let version = reader.u16().ok()?;
        let cipher_bytes = reader.u16().ok()?;
        reader.skip(4).ok()?;
        let mut ciphers = reader.sub(cipher_bytes.into()).ok()?;
        // Three bytes each; those that begin with zero are the two-byte suites of SSL 3.0 and later.
        let suites = std::iter::from_fn(|| ciphers.u24().ok()).filter_map(|suite| u16::try_from(suite).ok()).collect();
        (kind == 1).then(|| Self { version, ciphers: suites, ..Self::default() })
    }

    fn extend(&mut self, extensions: &'a [u8]) {
        for (kind, whole) in walk(extensions) {
            self.extensions.push(kind);
            let body = whole.get(4..).unwrap_or_default();
            if matches!(kind, QUIC_PARAMETERS | QUIC_PARAMETERS_DRAFT) {
                self.quic_parameters = Some(body);
            }
            match tls_parser::parse_tls_client_hello_extension(whole) {
                Ok((_, TlsExtension::SNI(names))) => {
                    self.server_name = self.server_name.or_else(|| names.iter().find(|(kind, _)| kind.0 == 0).map(|(_, name)| *name));
                }
                Ok((_, TlsExtension::ALPN(protocols))) => self.alpn = protocols,
                Ok((_, TlsExtension::SupportedVersions(versions))) => self.versions = versions.iter().map(|version| version.0).collect(),
                Ok((_, TlsExtension::SignatureAlgorithms(algorithms))) => self.signatures = algorithms,
                _ => {}
            }
        }
    }

    /// Versions offered without GREASE: those of the extension, else that of the hello's own field.
    pub(crate) fn offered(&self) -> Vec<u16> {
        let listed: Vec<u16> = self.versions.iter().copied().filter(|version| !is_grease(*version)).collect();
        if listed.is_empty() { vec![self.version] } else { listed }
    }

    /// Encrypted Client Hello (`present`, which GREASE looks like too) or the encrypted name of its draft (`esni`).
    pub(crate) fn encrypted_name(&self) -> Option<&'static str> {
        let words = [(ENCRYPTED_HELLO, "present"), (ENCRYPTED_NAME, "esni")];
        words.into_iter().find(|(kind, _)| self.extensions.contains(kind)).map(|(_, word)| word)
    }
}

impl<'a> ServerHello<'a> {
    fn new(hello: &TlsServerHelloContents<'a>) -> Self {
        let mut read = Self {
            version: hello.version.0,
            random: hello.random.try_into().unwrap_or_default(),
            compression: hello.compression.0,
            session: hello.session_id.unwrap_or_default(),
            cipher: hello.cipher.0,
            is_retry: hello.random == RETRY_RANDOM,
            ..Self::default()
        };
        for (kind, whole) in walk(hello.ext.unwrap_or_default()) {
            read.extensions.push(kind);
            read.has_shared_key |= kind == PRE_SHARED_KEY;
            match tls_parser::parse_tls_server_hello_extension(whole) {
                Ok((_, TlsExtension::ALPN(protocols))) => read.alpn = protocols.first().copied(),
                Ok((_, TlsExtension::SupportedVersions(versions))) => {
                    read.version = versions.first().map_or(read.version, |version| version.0)
                }
                _ => {}
            }
        }
        read
    }
}

/// A message that TLS 1.3 seals, in TCP and in QUIC.
#[derive(Debug)]
pub(crate) enum SealedMessage<'a> {
    /// What the server chose beside the suite.
    Extensions {
        /// Application protocol.
        alpn: Option<&'a [u8]>,
    },
    /// Certificates, leaf first, in DER.
    Certificates(Vec<&'a [u8]>),
    /// Certificates compressed by an algorithm of RFC 8879, to be read by [`certificates`] once they are not.
    Compressed {
        /// 1 zlib, 2 Brotli, 3 Zstandard.
        algorithm: u16,
        /// Bytes that come out.
        length: u32,
        /// Bytes that go in.
        bytes: &'a [u8],
    },
    /// A message that says nothing we tell.
    Other,
}

/// Reads one whole message that was sealed; `None` when it is not what its type says.
pub(crate) fn read_sealed(message: &[u8]) -> Option<SealedMessage<'_>> {
    let mut reader = Reader::new(message);
    let kind = reader.u8().ok()?;
    let length = usize::try_from(reader.u24().ok()?).ok()?;
    let body = reader.take(length).ok()?;
    match kind {
        8 => Some(SealedMessage::Extensions { alpn: chosen_protocol(body) }),
        11 => certificates(body).map(SealedMessage::Certificates),
        25 => {
            let mut reader = Reader::new(body);
            let (algorithm, length) = (reader.u16().ok()?, reader.u24().ok()?);
            Some(SealedMessage::Compressed { algorithm, length, bytes: counted(&mut reader, 3) })
        }
        4 | 5 | 13 | 15 | 20 | 24 => Some(SealedMessage::Other),
        _ => None,
    }
}

/// The protocol of the extension list of EncryptedExtensions.
fn chosen_protocol(body: &[u8]) -> Option<&[u8]> {
    let (_, whole) = walk(counted(&mut Reader::new(body), 2)).find(|(kind, _)| *kind == ALPN)?;
    let Ok((_, TlsExtension::ALPN(protocols))) = tls_parser::parse_tls_server_hello_extension(whole) else { return None };
    protocols.first().copied()
}

/// Body of a certificate message of TLS 1.3 (RFC 8446 section 4.4.2).
pub(crate) fn certificates(body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = Reader::new(body);
    let context = reader.u8().ok()?;
    reader.skip(context.into()).ok()?;
    let length = usize::try_from(reader.u24().ok()?).ok()?;
    let mut list = reader.sub(length).ok()?;
    let mut chain = Vec::new();
    while !list.is_empty() {
        let length = usize::try_from(list.u24().ok()?).ok()?;
        chain.push(list.take(length).ok()?);
        let extensions = list.u16().ok()?;
        list.skip(extensions.into()).ok()?;
    }
    Some(chain)
}

/// Extensions with their headers, up to the first that is not whole.
fn walk(extensions: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut reader = Reader::new(extensions);
    std::iter::from_fn(move || {
        let mut head = reader;
        let kind = head.u16().ok()?;
        let length = usize::from(head.u16().ok()?);
        Some((kind, reader.take(length.saturating_add(4)).ok()?))
    })
}

/// Bytes behind a count of `width` bytes, as far as they are there.
fn counted<'a>(reader: &mut Reader<'a>, width: usize) -> &'a [u8] {
    let Ok(count) = reader.take(width) else { return &[] };
    reader.take_up_to(count.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

/// Values that clients send so that servers keep ignoring what they do not know (RFC 8701).
pub(crate) const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// A version as the tables show it.
pub(crate) fn version_name(version: u16) -> Cow<'static, str> {
    match version {
        0x0002 => "SSL 2.0".into(),
        0x0300 => "SSL 3.0".into(),
        0x0301 => "TLS 1.0".into(),
        0x0302 => "TLS 1.1".into(),
        0x0303 => "TLS 1.2".into(),
        0x0304 => "TLS 1.3".into(),
        0xfeff => "DTLS 1.0".into(),
        0xfefd => "DTLS 1.2".into(),
        0xfefc => "DTLS 1.3".into(),
        0x7f00..=0x7fff => format!("TLS 1.3 draft-{}", version & 0xff).into(),
        0xfb00..=0xfbff => format!("TLS 1.3 Facebook-{}", version & 0xff).into(),
        _ => format!("0x{version:04x}").into(),
    }
}

/// A number that is higher for a later version: those of DTLS count downwards.
pub(crate) const fn rank(version: u16) -> u16 {
    if version >> 8 == 0xfe { !version } else { version }
}

/// True for TLS 1.3 and what was sent under its name before it was one.
pub(crate) const fn is_tls13(version: u16) -> bool {
    matches!(version, 0x0304..=0x03ff | 0x7e00..=0x7fff | 0xfb00..=0xfbff)
}

/// A cipher suite by its IANA name, else by its number.
pub(crate) fn cipher_name(cipher: u16) -> Cow<'static, str> {
    tls_parser::TlsCipherSuite::from_id(cipher).map_or_else(|| format!("0x{cipher:04x}").into(), |suite| suite.name.into())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "sums of lengths the tests chose")]
pub(crate) mod tests {
    use super::*;

    /// A client hello: TLS 1.3 and 1.2 with GREASE, two suites with GREASE, and the given extensions.
    pub(crate) fn client_hello(extensions: &[(u16, &[u8])]) -> Vec<u8> {
        let mut listed = Vec::new();
        for (kind, body) in extensions {
            listed.extend(kind.to_be_bytes());
            listed.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
            listed.extend_from_slice(body);
        }
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 6, 0x1a, 0x1a, 0x13, 0x01, 0xc0, 0x2f, 1, 0]);
        body.extend(u16::try_from(listed.len()).unwrap().to_be_bytes());
        body.extend(listed);
        let mut message = vec![1];
        message.extend(u32::try_from(body.len()).unwrap().to_be_bytes().get(1..).unwrap());
        message.extend(body);
        message
    }

    /// Extension body of a server name.
    pub(crate) fn name(name: &str) -> Vec<u8> {
        let length = u16::try_from(name.len()).unwrap();
        [&(length + 3).to_be_bytes()[..], &[0], &length.to_be_bytes(), name.as_bytes()].concat()
    }

    #[test]
    fn reads_a_client_hello() {
        let message = client_hello(&[
            (0x2a2a, b""),
            (0, &name("Api.Example")),
            (16, b"\x00\x0c\x02h2\x08http/1.1"),
            (43, &[6, 0x3a, 0x3a, 3, 4, 3, 3]),
            (13, &[0, 4, 4, 3, 8, 4]),
            (0xfe0d, &[0, 1, 2]),
        ]);
        let Some(Handshake::ClientHello(hello)) = read(&message) else { panic!("no client hello") };
        assert_eq!(hello.server_name, Some(&b"Api.Example"[..]));
        assert_eq!(hello.alpn, [&b"h2"[..], b"http/1.1"]);
        assert_eq!(hello.offered(), [0x0304, 0x0303]);
        assert_eq!(hello.signatures, [0x0403, 0x0804]);
        assert_eq!(hello.ciphers, [0x1a1a, 0x1301, 0xc02f]);
        assert_eq!(hello.encrypted_name(), Some("present"));
        assert!(!hello.is_cut);
    }

    #[test]
    fn reads_what_is_left_of_a_cut_hello() {
        let message = client_hello(&[(0, &name("api.example")), (21, &[0; 100])]);
        for end in 0..message.len() {
            if let Some(hello) = ClientHello::read_cut(&message[..end]) {
                assert!(hello.is_cut);
                assert!(hello.server_name.is_none_or(|name| name == b"api.example"));
            }
        }
        assert_eq!(ClientHello::read_cut(&message[..message.len() - 50]).unwrap().server_name, Some(&b"api.example"[..]));
    }

    #[test]
    fn an_unreadable_extension_hides_no_other() {
        let message = client_hello(&[(16, &[0xff, 0xff, 1]), (0, &name("a.example"))]);
        let Some(Handshake::ClientHello(hello)) = read(&message) else { panic!("no client hello") };
        assert_eq!((hello.server_name, hello.extensions.as_slice()), (Some(&b"a.example"[..]), &[16, 0][..]));
    }

    #[test]
    fn reads_the_server_hello_of_drafts() {
        let mut message = vec![2, 0, 0, 38, 0x7f, 0x14];
        message.extend([1; 32]);
        message.extend([0x13, 0x01, 0, 0]);
        let Some(Handshake::ServerHello(hello)) = read(&message) else { panic!("no server hello") };
        assert_eq!(
            (version_name(hello.version).as_ref(), cipher_name(hello.cipher).as_ref()),
            ("TLS 1.3 draft-20", "TLS_AES_128_GCM_SHA256")
        );
    }

    #[test]
    fn knows_grease() {
        assert!(is_grease(0x0a0a) && is_grease(0xfafa));
        assert!(!is_grease(0x0a1a) && !is_grease(0x0b0b));
    }
}
