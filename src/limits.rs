//! Every limit of the program, with unit and reason. Reaching one writes an anomaly and loses the oldest
//! or the excess, never the process and never a frame of the ledger.

use crate::time::Span;

// Containers.

/// Bytes of one frame: what libpcap and Wireshark take at most; above it the record header is damaged.
pub(crate) const FRAME_BYTES: usize = 262_144;
/// Bytes of one pcapng block: above it the file is taken to be damaged. Jumbo and loopback captures stay far below.
pub(crate) const BLOCK_BYTES: usize = 64 << 20;
/// Bytes read from a file at a time.
pub(crate) const READ_BYTES: usize = 1 << 20;
/// Bytes taken out of a decompressor at a time: what is lost, at most, before the place where the input is damaged.
pub(crate) const DECOMPRESS_BYTES: usize = 4 << 10;
/// Bytes of a gzip file shown to its decompressor at a time: as above, for what goes in.
pub(crate) const DEFLATE_PIECE_BYTES: usize = 64;
/// Interfaces of one pcapng section; more are damage. Large capture appliances write a few hundred.
pub(crate) const INTERFACES: usize = 65_536;
/// Decompressed bytes per compressed byte, once a megabyte was read: above it the file is a bomb.
pub(crate) const COMPRESSION_RATIO: u64 = 2_000;
/// Bytes one compressed frame of a capture may ask for as window or block.
pub(crate) const COMPRESSION_WINDOW: usize = 128 << 20;
/// Folders below each other when a folder is given as input.
pub(crate) const FOLDER_DEPTH: usize = 32;

/// Frames of an excerpt: no reader looks at more, and their numbers are kept in memory.
#[cfg(feature = "table")]
pub(crate) const EXCERPT_FRAMES: usize = 2_000_000;
/// Frames remembered that may hold a fragment of a packet that is not whole yet.
#[cfg(feature = "table")]
pub(crate) const EXCERPT_HELD: usize = 65_536;

/// Values that redaction replaces wherever they stand: names of networks, serial numbers, link addresses.
#[cfg(feature = "table")]
pub(crate) const REDACT_KNOWN: usize = 20_000;
/// Bytes of the pattern that finds them.
#[cfg(feature = "table")]
pub(crate) const REDACT_PATTERN_BYTES: usize = 64 << 20;
/// Texts remembered with what redaction made of them.
#[cfg(feature = "table")]
pub(crate) const REDACT_SEEN: usize = 200_000;

// Live capture.

/// Frames taken from the kernel at one go: large enough that a system call is cheap, small enough to be shown soon.
#[cfg(all(feature = "table", feature = "live"))]
pub(crate) const BATCH_FRAMES: usize = 512;
/// Milliseconds after which the kernel hands over a block that is not full.
#[cfg(all(feature = "table", feature = "live"))]
pub(crate) const BATCH_MILLIS: i32 = 100;
/// Bytes of whole blocks gathered before they go to the file.
#[cfg(all(feature = "table", feature = "live"))]
pub(crate) const SAVE_BYTES: usize = 1 << 20;
/// Bytes that may wait between reading and analysing; beyond them the kernel's buffer fills, and the kernel counts.
#[cfg(all(feature = "table", feature = "live"))]
pub(crate) const QUEUE_BYTES: usize = 64 << 20;
/// Open flows looked at for the screen at one go; those that are left out show when they close.
#[cfg(all(feature = "table", feature = "live"))]
pub(crate) const LIVE_FLOWS: usize = 4_096;
/// Remotes of a live session that the screen keeps; the one silent longest makes room.
#[cfg(all(feature = "table", feature = "live"))]
pub(crate) const LIVE_REMOTES: usize = 4_096;
/// Networks, broadcast identities and kinds of anomaly that the screen keeps; the first ones stay.
#[cfg(all(feature = "table", feature = "live"))]
pub(crate) const LIVE_SIGHTINGS: usize = 1_024;
/// Rows of a list that go to the screen; more fit on no terminal and are scrolled to by nobody.
#[cfg(feature = "tui")]
pub(crate) const LIVE_ROWS: usize = 500;

// Packets.

/// Layers in one frame (tags, tunnels, extension headers): deeper nesting is malformed.
pub(crate) const LAYERS: usize = 24;
/// Units of one 802.11 aggregate; 7,935 bytes hold fewer than 500.
pub(crate) const AGGREGATE_UNITS: usize = 512;
/// Datagrams being put together from fragments at a time.
pub(crate) const FRAGMENT_DATAGRAMS: usize = 1_024;
/// Bytes held for them.
pub(crate) const FRAGMENT_BYTES: usize = 16 << 20;
/// Fragments of one datagram: 65,535 bytes in pieces of 8 would be 8,192; real ones stay below 64.
pub(crate) const FRAGMENTS: usize = 512;
/// Time a datagram may wait for its fragments (RFC 791 suggests 15 s, RFC 8200 section 4.5 asks for 60 s).
pub(crate) const FRAGMENT_AGE: Span = Span::from_secs(60);

// The air.

/// Networks remembered at a time, and as many again that were not heard for longer; a city street has some hundred.
pub(crate) const WIFI_NETWORKS: usize = 4_096;
/// Stations remembered at a time: phones change their addresses, floods invent them.
pub(crate) const WIFI_STATIONS: usize = 8_192;
/// Counters of sequence numbers remembered at a time, several for each station.
pub(crate) const WIFI_COUNTERS: usize = 4_096;
/// Frames of one counter in which a retry is looked for: an aggregate of 256 may be sent again as a whole.
pub(crate) const WIFI_SEQUENCES: usize = 256;
/// Packets of one network's stations that its access point may still send on.
pub(crate) const WIFI_RELAYS: usize = 64;
/// Time until it does: group frames wait for the beacon that stations wake for, a few tenths of a second.
pub(crate) const WIFI_RELAY_AGE: Span = Span::from_secs(2);
/// Units being put together from 802.11 fragments at a time; a sender has three at most (IEEE 802.11-2020, 10.5).
pub(crate) const WIFI_FRAGMENT_UNITS: usize = 1_024;
/// Bytes held for them.
pub(crate) const WIFI_FRAGMENT_BYTES: usize = 8 << 20;
/// Time a unit may wait for its fragments, which are sent in one burst.
pub(crate) const WIFI_FRAGMENT_AGE: Span = Span::from_secs(5);
/// Frames to all stations that wait for their group's key, over all networks: some minutes of a quiet one.
pub(crate) const WIFI_EARLY_FRAMES: usize = 512;
/// Bytes of them.
pub(crate) const WIFI_EARLY_BYTES: usize = 1 << 20;
/// Keys that a user gives; an export of a day's handshakes has some hundred.
pub(crate) const WIFI_KEYS: usize = 16_384;
/// Master keys made of passphrases and names of networks that are remembered: each takes a thousandth of a second.
pub(crate) const WIFI_MASTERS: usize = 4_096;
/// Nonces of an access point, and messages of a station, that wait for their counterparts.
pub(crate) const WIFI_NONCES: usize = 4;
/// Keys of one station or one group that still open frames: at a renewal the one before does for a moment.
pub(crate) const WIFI_SESSIONS: usize = 8;
/// Keys learned from handshakes that are kept for whoever asks for them.
pub(crate) const WIFI_LEARNED: usize = 16_384;

// Flows.

/// Flows open at a time; the one idle longest is closed.
pub(crate) const OPEN_FLOWS: usize = 65_536;
/// Idle TCP (RFC 5382 REQ-5: 2 hours 4 minutes).
pub(crate) const IDLE_TCP: Span = Span::from_secs(7_440);
/// Idle UDP (RFC 4787 REQ-5 recommends 5 minutes).
pub(crate) const IDLE_UDP: Span = Span::from_secs(300);
/// Idle ICMP and other protocols (RFC 5508 REQ-2: 60 seconds).
pub(crate) const IDLE_OTHER: Span = Span::from_secs(60);
/// Time a closed TCP flow still takes late segments.
pub(crate) const LINGER_TCP: Span = Span::from_secs(60);
/// Closed flows held in memory before they go to a temporary file.
pub(crate) const FLOWS_HELD: usize = 4_096;

// TCP streams.

/// Bytes one direction of a stream may hold while a hole is open.
pub(crate) const STREAM_BYTES: usize = 512 << 10;
/// Bytes one direction may hold behind a hole only to be measured: a window's worth; what is beyond is told as missing.
pub(crate) const STREAM_MEASURED_BYTES: usize = 64 << 10;
/// Bytes of each direction of an unrecognised flow that are counted: with fewer, more compression passes for ciphertext;
/// their counts take one kilobyte.
pub(crate) const UNREAD_BYTES: u64 = 16 << 10;
/// Bytes of its beginning that are kept to see what kind of file it is.
pub(crate) const UNREAD_HEAD_BYTES: usize = 64;
/// Bytes all streams together may hold.
pub(crate) const STREAMS_BYTES: usize = 64 << 20;
/// Bytes of sequence that a segment of the next capture may be away from where the stream stood: what a fast connection
/// sends in the seconds between two files.
pub(crate) const STREAM_AHEAD: u32 = 64 << 20;
/// Pieces one direction may hold while a hole is open.
pub(crate) const STREAM_PIECES: usize = 512;
/// Bytes of a stream's beginning looked at to recognise its protocol.
pub(crate) const PROBE_BYTES: usize = 4 << 10;
/// Pieces in which they may come before the flow is given up.
pub(crate) const PROBE_PIECES: usize = 512;
/// Datagrams of a flow looked at to recognise its protocol.
pub(crate) const PROBE_DATAGRAMS: u32 = 8;

// Secrets.

/// Bytes read at a time while a capture's blocks of secrets are looked for: it stays in the processor's cache.
pub(crate) const SECRETS_READ_BYTES: usize = 128 << 10;
/// Bytes of a capture searched for blocks of secrets before it is read: hours on a phone, a fiftieth of a second.
pub(crate) const SECRETS_AHEAD_BYTES: u64 = 64 << 20;
/// Bytes of one capture's blocks of secrets.
pub(crate) const SECRETS_BYTES: usize = 256 << 20;
/// Secrets of all key logs and captures together, about 200 bytes each: a key log of a month of browsing has 100,000 lines.
pub(crate) const SECRETS: usize = 4_000_000;
/// Different secrets for one client random: five labels, and some more where logs contradict each other.
pub(crate) const SECRETS_OF_ONE: usize = 16;
/// Bytes of a key log's line: the longest known has a configuration of 4 KiB in hexadecimal digits.
pub(crate) const KEY_LOG_LINE_BYTES: usize = 16 << 10;

// Dialogues.

/// Bytes of one handshake's messages in one direction; real certificate chains stay below 64 KiB.
pub(crate) const HANDSHAKE_BYTES: usize = 256 << 10;
/// Bytes of an HTTP head.
pub(crate) const HTTP_HEAD_BYTES: usize = 64 << 10;
/// Fields of an HTTP head.
pub(crate) const HTTP_FIELDS: usize = 256;
/// Bytes of one direction's table of compressed header fields that are kept: browsers ask for 65,536.
pub(crate) const HPACK_TABLE_BYTES: usize = 64 << 10;
/// Bytes of a body's start kept to see what it is.
pub(crate) const BODY_HEAD_BYTES: usize = 4 << 10;
/// Bytes kept of pictures, whose metadata may come late, and of JSON: Exif has one segment of 64 KiB.
pub(crate) const BODY_LONG_HEAD_BYTES: usize = 64 << 10;
/// Bytes of a coded body that go to its decoders at a time: what is found in it is told with a frame at most so far on.
pub(crate) const BODY_PIECE_BYTES: usize = 1_024;
/// Content codings of one body inside each other; servers apply one.
pub(crate) const BODY_CODINGS: usize = 4;
/// Decoded bytes of a body that are never too many.
pub(crate) const BODY_FREE_BYTES: u64 = 1 << 20;
/// Decoded bytes per byte on the wire beyond those: text shrinks to a tenth, logs to a fiftieth.
pub(crate) const BODY_RATIO: u64 = 200;
/// Bytes that the decoders of one capture's open bodies may take together.
pub(crate) const BODY_DECODER_BYTES: usize = 512 << 20;
/// Bytes a zstd body may ask for as window (RFC 9659).
pub(crate) const BODY_WINDOW_BYTES: usize = 8 << 20;
/// Bytes of the fields of one part of a form; real ones stay below 500.
pub(crate) const FORM_HEAD_BYTES: usize = 8 << 10;
/// Distinct names of a form's fields kept in its row, and of a body's parts that have rows of their own.
pub(crate) const FORM_NAMES: usize = 64;
/// Bytes of the name of a form's field.
pub(crate) const FORM_NAME_BYTES: usize = 256;
/// Query keys of one request kept in its row; forms that people fill in stay far below.
pub(crate) const HTTP_QUERY_KEYS: usize = 64;
/// Questions to a time server that wait for their answers; clients send up to eight at once.
pub(crate) const NTP_WAITING: usize = 16;
/// Requests of one connection waiting for their responses.
pub(crate) const HTTP_WAITING: usize = 128;
/// Streams of one HTTP/2 or HTTP/3 connection open at a time; servers allow 100 to 256.
pub(crate) const HTTP_STREAMS: usize = 256;
/// Bytes of an HTTP/2 frame that is read whole; data is not.
pub(crate) const HTTP2_FRAME_BYTES: u32 = 64 << 10;
/// Bytes of an HTTP/3 stream that wait for a head whose compression is yet to be told.
pub(crate) const HTTP3_WAITING_BYTES: usize = 256 << 10;
/// Bytes that wait so on all streams of one connection: what a server lets its clients send before it reads.
pub(crate) const HTTP3_WAITING_TOTAL_BYTES: usize = 4 << 20;
/// Bytes of a text protocol watched for its turn to TLS, which comes among the first commands.
pub(crate) const STARTTLS_BYTES: usize = 64 << 10;
/// Transmitters of broadcasts whose last place and identity are remembered, to judge the next by; the one heard first is
/// forgotten. Aircraft in reach of one antenna stay far below: more are made up.
pub(crate) const REMOTE_ID_TRANSMITTERS: usize = 4_096;
/// Distinct commands of one drone link told apart; real links stay below two hundred.
pub(crate) const LINK_COMMANDS: usize = 2_048;
/// Bytes of a drone link's stream kept until a message is complete; the longest message has 1,023.
pub(crate) const LINK_PENDING_BYTES: usize = 2_048;
/// Distinct requests of a flow kept for the path rules.
pub(crate) const FLOW_REQUESTS: usize = 64;
/// Datagrams of the last second that are remembered to know copies of them on other interfaces: some three megabytes.
pub(crate) const COPIES: usize = 65_536;
/// Captures that a flow goes through and that are kept to say where a row of it was read: a ring's files in two hours.
pub(crate) const FLOW_CAPTURES: usize = 64;
/// Distinct names of a flow kept from its own bytes.
pub(crate) const FLOW_NAMES: usize = 32;
/// Intervals between what a device sends on a flow that are kept to find a beat: 64 of 15 minutes are most of a day.
pub(crate) const FLOW_BEATS: usize = 64;
/// Points of the lower hull of a device's TCP timestamps that are kept: real ones have about ten.
pub(crate) const TICK_POINTS: usize = 24;
/// Records of one DNS message; 65,535 bytes hold fewer than 6,000.
pub(crate) const DNS_RECORDS: usize = 6_000;
/// Bytes of the text of one DNS message's records: a whole zone in 65,535 bytes has 250,000; pointers and escapes can blow up more.
pub(crate) const DNS_TEXT_BYTES: usize = 1 << 20;
/// Addresses one DNS message gives names to; a full datagram of 4,096 bytes has some 250.
pub(crate) const DNS_NAMES: usize = 1_024;
/// Certificates of one chain.
pub(crate) const CERTIFICATES: usize = 32;
/// Certificates whose reading is kept, and bytes that such a one has at most: a phone meets some hundred in a day.
pub(crate) const CERTIFICATES_KNOWN: usize = 512;
pub(crate) const CERTIFICATE_KNOWN_BYTES: usize = 8_192;
/// Names of one certificate; those of large content networks hold a few hundred.
pub(crate) const CERTIFICATE_NAMES: usize = 1_000;
/// Names of a server's certificate that its flow takes over.
pub(crate) const CERTIFICATE_FLOW_NAMES: usize = 8;
/// Application records of one side after which a TLS dialogue ends even when the other side was not captured.
pub(crate) const TLS_RECORDS: u32 = 32;
/// Bytes of sealed records of one connection held until it is known what opens them: what arrives before the server's hello.
pub(crate) const TLS_HELD_BYTES: usize = 128 << 10;
/// Changes of keys of one direction that may lie ahead: handshake, data, and a renegotiation or two.
pub(crate) const TLS_EPOCHS: usize = 8;
/// Record numbers tried behind one hole: 1,024 records of 16 KiB are a download of 16 MB that was not captured.
pub(crate) const TLS_NUMBERS_AT_ONCE: u64 = 1_024;
/// Record numbers tried in one direction of a connection altogether.
pub(crate) const TLS_NUMBERS_TRIED: u64 = 1 << 16;
/// Handshake messages of one side of DTLS that may lack pieces at a time, and those remembered that did not: a handshake has ten.
pub(crate) const DTLS_MESSAGES: usize = 32;
/// Bytes of one side's CRYPTO stream: a client hello with post-quantum keys needs 2 KiB, RFC 9000 section 7.5 asks for 4 KiB.
pub(crate) const CRYPTO_BYTES: usize = 64 << 10;
/// Pieces of a CRYPTO stream that wait for what comes before them.
pub(crate) const CRYPTO_PIECES: usize = 256;
/// Datagrams of a QUIC flow looked at before both hellos are known.
pub(crate) const QUIC_DATAGRAMS: u32 = 256;
/// Datagrams looked at after both hellos, to see whether the connection came to be.
pub(crate) const QUIC_DATAGRAMS_AFTER: u32 = 32;
/// Streams of one opened QUIC connection, each direction counted: servers let a client have 100 at a time.
pub(crate) const QUIC_STREAMS: usize = 1_024;
/// Bytes that all streams of one opened connection may hold behind holes.
pub(crate) const QUIC_STREAMS_BYTES: usize = 4 << 20;
/// Bytes that holding a piece costs beside its own.
pub(crate) const QUIC_PIECE_BYTES: usize = 64;

// After the pass.

/// Names learned for addresses, over all captures.
pub(crate) const NAMES: usize = 500_000;
/// Network addresses of devices known by their link address; a study has a handful, a spoofed flood more.
pub(crate) const DEVICES: usize = 65_536;
/// Findings about the same device and remote that are told once; beyond it they are told each time. A study has hundreds.
pub(crate) const FINDINGS_TOLD: usize = 65_536;
/// Findings shown in the answer, the weightiest; the table has all of them.
#[cfg(feature = "table")]
pub(crate) const FINDINGS_LISTED: usize = 100;
/// Aircraft and remote controllers whose traffic the answer adds up.
#[cfg(feature = "table")]
pub(crate) const AIRCRAFT: usize = 1_024;
/// Kilometres that a signal gets away and back from in a millisecond of round-trip time: light in glass makes 204 in each
/// millisecond one way (a refractive index of 1.468, ITU-T G.652), taken as 200; no path through routers is that short.
pub(crate) const RTT_KM_PER_MS: f64 = 100.0;
/// Round-trip time below which nobody far away answered, but something on the device or beside it: a capture app that is a VPN,
/// a proxy in the access point. The distance that it bounds is not that of the remote.
pub(crate) const RTT_LEAST: Span = Span::from_nanos(1_000_000);
/// Kilometres by which a country may be nearer than its outline says: islets below the scale of the map, servers on
/// platforms off the coast, and half a millisecond by which a capture's clock may be off.
pub(crate) const EXTENT_MARGIN_KM: f64 = 50.0;
/// Kilometres that a vantage may lie outside of the country it is said to lie in: more are degrees in the wrong order.
pub(crate) const VANTAGE_OFF_KM: f64 = 100.0;
/// Bytes of a list of address ranges; the longest published one, Azure's, has 5 MB.
pub(crate) const FEED_BYTES: u64 = 64 << 20;
/// Ranges of one such list, some 100 bytes each; AWS has 10,000, Azure 100,000.
pub(crate) const FEED_PREFIXES: usize = 1_000_000;
/// Days that a capture may lie before or behind a provider's list until that is told: they change several times a month.
pub(crate) const FEED_DAYS: i64 = 31;
/// Addresses whose smallest round-trip time is kept until flows are joined.
pub(crate) const ROUND_TRIPS: usize = 500_000;
/// Addresses whose place is remembered while flows are joined.
pub(crate) const PLACES: usize = 65_536;
/// Ranges of seconds with frames kept for a capture, 16 bytes each; beyond it the shortest silences are forgotten.
pub(crate) const PRESENCE_RANGES: usize = 16_384;
/// Anomalies of one kind in one capture listed one by one; the rest are counted.
pub(crate) const ANOMALIES_LISTED: u64 = 100;

// Identifiers.

/// Bytes of a list of identifiers, and of the track of a flight: an hour of one at ten lines a second is 5 MB.
pub(crate) const IDENTIFIER_FILE_BYTES: u64 = 32 << 20;
/// Entries of a list of identifiers; a study has some twenty.
pub(crate) const IDENTIFIERS: usize = 1_000;
/// Positions of a track that are read.
pub(crate) const TRACK_POINTS: usize = 500_000;
/// Beginnings of numbers that one coordinate is looked for by: more are a place of the size of a country.
pub(crate) const PLACE_CELLS: i64 = 64;
/// Bytes of everything that is looked for; an entry comes to three kilobytes.
pub(crate) const SEARCH_BYTES: usize = 16 << 20;
/// Numbers of one stream that may be half of a position; the one read first is forgotten.
pub(crate) const SEARCH_HALVES: usize = 16;
/// Different findings of one body, and of a flow before its protocol is known.
pub(crate) const SEARCH_EARLY: usize = 256;
/// Different findings of one analysis; those of the same thing in the same place are counted in one row.
pub(crate) const FINDINGS: usize = 100_000;

// Extraction.

/// Bodies written by one analysis, and lines in their list.
pub(crate) const EXTRACT_BODIES: u64 = 100_000;
/// Bytes of one body: a few minutes of video. Longer ones are left out.
pub(crate) const EXTRACT_BYTES: u64 = 256 << 20;
/// Bytes of all of them.
pub(crate) const EXTRACT_TOTAL_BYTES: u64 = 16 << 30;
/// Bytes of one body held in memory before they go to its file.
pub(crate) const EXTRACT_HELD_BYTES: usize = 64 << 10;

// Rules.

/// Bytes of one rule file; a thousand rules are half a megabyte.
pub(crate) const RULE_FILE_BYTES: u64 = 32 << 20;
/// Rules and owners in one rule file; more is a list that belongs into a database.
pub(crate) const RULE_ENTRIES: usize = 100_000;
/// Problems told about one rule file; after these the reader has enough to do.
pub(crate) const RULE_PROBLEMS: usize = 100;
/// Bytes of a path expression.
pub(crate) const RULE_REGEX_BYTES: usize = 1_024;
/// Bytes one compiled path expression may take, and as much again for its states.
pub(crate) const RULE_COMPILED_BYTES: usize = 1 << 20;
/// Nesting of a path expression.
pub(crate) const RULE_REGEX_NESTING: u32 = 50;
/// Names of one flow that rules look at, hosts of its requests included.
pub(crate) const RULE_NAMES: usize = 64;
/// Bytes of a path that rules look at; paths that tell a kind do it at the front.
pub(crate) const RULE_PATH_BYTES: usize = 8 << 10;
// Studies.

/// Bytes of a log of actions: a day of logcat.
#[cfg(feature = "table")]
pub(crate) const ACTION_LOG_BYTES: u64 = 256 << 20;
/// Blocks without a frame that are read from the start of a capture to find when it begins.
#[cfg(feature = "table")]
pub(crate) const EVENTS_BEFORE_FRAME: usize = 4_096;
/// Answers of time servers that are kept of a run, to know its clock by: a phone asks a few times a day.
#[cfg(feature = "table")]
pub(crate) const CLOCK_READINGS: usize = 4_096;
/// Combinations of a study's matrix: more nobody records.
#[cfg(feature = "table")]
pub(crate) const STUDY_RUNS: usize = 10_000;
/// Flows of a study, which are judged together and stay in memory: about a kilobyte each.
#[cfg(feature = "table")]
pub(crate) const STUDY_FLOWS: usize = 2_000_000;
/// Conversations named in a list of evidence; all are counted.
#[cfg(feature = "table")]
pub(crate) const EVIDENCE: usize = 50;
/// Resamples of a bootstrap, where they are too many to be made all.
#[cfg(feature = "table")]
pub(crate) const RESAMPLES: usize = 10_000;

// Tables.

/// Rows of one row group: large enough to compress well, small enough that all tables fit in memory.
#[cfg(feature = "table")]
pub(crate) const ROW_GROUP_ROWS: usize = 16_384;
/// Bytes of text after which a row group is written early: DNS and HTTP rows may be large.
#[cfg(feature = "table")]
pub(crate) const ROW_GROUP_BYTES: usize = 64 << 20;
/// Shards of partial sums.
#[cfg(feature = "table")]
pub(crate) const PARTIAL_SHARDS: u64 = 8;
/// Rows in a shard, sums among them, after which they are added up, or twice as many as there are distinct keys: they are what
/// grows in the join, about 400 bytes each.
#[cfg(feature = "table")]
pub(crate) const PARTIAL_ROWS: usize = 4_096;
