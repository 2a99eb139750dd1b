//! What a request gives away: credentials, cookies, tokens in its address, signed links to storage; and storage that lists
//! what it holds for anybody.

use super::super::{Context, FlowInfo};
use super::{CLEAR_COOKIE, CLEAR_LOGIN, Kind, OPEN_STORAGE, PRESIGNED_LINK, Seen, URL_TOKEN, finding};
use crate::record::{Http, Row, Severity};
use crate::time::{Span, Timestamp};
use crate::wire::http::Target;
use crate::wire::signed_link::{Lifetime, SignedLink};
use crate::wire::{escape, media};

/// Names of cookies and keys that are shown.
const SHOWN: usize = 8;
/// Letters of a value that can be a token; flags and counters are shorter.
const TOKEN_LETTERS: usize = 8;
/// A link that lasts longer is worth more than a look.
const LONG: Span = Span::from_secs(24 * 3_600);

/// Keys of a query that hold tokens; capitals, dashes and underscores do not count.
const TOKEN_KEYS: &[&str] = &[
    "token",
    "accesstoken",
    "authtoken",
    "idtoken",
    "refreshtoken",
    "usertoken",
    "logintoken",
    "auth",
    "authorization",
    "apikey",
    "appsecret",
    "clientsecret",
    "secret",
    "secretkey",
    "session",
    "sessionid",
    "sessionkey",
    "sid",
    "jsessionid",
    "phpsessid",
    "ticket",
    "jwt",
];
/// Names of keys and form fields that hold passwords.
const PASSWORD_KEYS: &[&str] =
    &["password", "passwd", "passwort", "pwd", "pass", "passphrase", "userpassword", "loginpassword", "newpassword", "oldpassword"];

/// What the head of a request, and that of its response, told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::app) struct Asked {
    /// Scheme of credentials that are as good as the password itself.
    login: Option<&'static str>,
    /// Anything that proves who asks.
    has_credentials: bool,
    /// Names of cookies that were sent, and that were set.
    cookies: Vec<String>,
    cookies_set: Vec<String>,
    /// Keys of the query that hold tokens, and passwords.
    tokens: Vec<String>,
    passwords: Vec<String>,
    link: Option<SignedLink>,
}

impl Asked {
    /// Of the head of a request.
    pub(in crate::app) fn of<'a>(target: Option<&Target<'_>>, field: impl Fn(&str) -> Option<&'a [u8]>) -> Self {
        let pairs: Vec<(&str, &str)> = target.into_iter().flat_map(Target::query_pairs).collect();
        let scheme = field("authorization").and_then(|value| value.split(u8::is_ascii_whitespace).next()).unwrap_or_default();
        let login = [("Basic", &b"basic"[..]), ("Bearer", b"bearer")].into_iter().find(|(_, word)| scheme.eq_ignore_ascii_case(word));
        let of = |keys: &[&str], least: usize| -> Vec<String> {
            let held = pairs.iter().filter(|(key, value)| value.len() >= least && keys.contains(&plain(key).as_str()));
            held.map(|(key, _)| escape(key.as_bytes())).take(SHOWN).collect()
        };
        let link = SignedLink::of(&pairs);
        Self {
            login: login.map(|(name, _)| name),
            has_credentials: !scheme.is_empty() || link.is_some() || field("cookie").is_some(),
            cookies: field("cookie").map(cookies).unwrap_or_default(),
            cookies_set: Vec::new(),
            tokens: of(TOKEN_KEYS, TOKEN_LETTERS),
            passwords: of(PASSWORD_KEYS, 1),
            link,
        }
    }

    /// Of the head of its response.
    pub(in crate::app) fn answered(&mut self, set_cookie: Option<&[u8]>) {
        self.cookies_set = set_cookie.and_then(|value| cookies(value).into_iter().next()).into_iter().collect();
    }
}

/// Without capitals, dashes and underscores.
fn plain(key: &str) -> String {
    key.chars().filter(|letter| !matches!(letter, '-' | '_')).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Names of the cookies of a field (RFC 6265 section 4.2.1).
fn cookies(value: &[u8]) -> Vec<String> {
    let names = value.split(|byte| *byte == b';').filter_map(|pair| pair.split(|byte| *byte == b'=').next());
    names.map(|name| escape(name.trim_ascii())).filter(|name| !name.is_empty()).take(SHOWN).collect()
}

/// What an exchange gives away, in the order of its findings.
pub(in crate::app) fn exchange(row: &Http, asked: &Asked, context: &mut Context<'_>) {
    let mut tell = Tell { row, flow: context.flow, rows: Vec::new() };
    tell.credentials(asked);
    tell.storage(asked);
    context.rows.append(&mut tell.rows);
}

struct Tell<'a> {
    row: &'a Http,
    flow: &'a FlowInfo,
    rows: Vec<Row>,
}

impl Tell<'_> {
    fn say(&mut self, kind: &Kind, (what, value, basis): (String, String, &'static str)) {
        let at = (self.row.origin.frame, self.row.origin.time);
        self.push(kind, at, (what, value, basis));
    }

    fn push(&mut self, kind: &Kind, at: (u64, Timestamp), (what, value, basis): (String, String, &'static str)) {
        let seen = Seen { at, what, value, name: self.row.host.clone(), basis };
        self.rows.push(Row::Finding(Box::new(finding(kind, seen, self.flow))));
    }

    /// The response's head; the request's where that was seen in another capture.
    fn answer(&self) -> (u64, Timestamp) {
        let row = self.row;
        row.response_frame.zip(row.response_start).unwrap_or((row.origin.frame, row.origin.time))
    }

    fn credentials(&mut self, asked: &Asked) {
        if let Some(scheme) = asked.login {
            self.say(&CLEAR_LOGIN, (format!("a request in clear has credentials ({scheme})"), scheme.to_owned(), "header"));
        }
        let is_password = |name: &&String| PASSWORD_KEYS.contains(&plain(name).as_str());
        let fields: Vec<String> = self.row.request_body.form_fields.iter().filter(is_password).take(SHOWN).cloned().collect();
        if !fields.is_empty() {
            let names = fields.join(", ");
            self.say(&CLEAR_LOGIN, (format!("a form in clear has a field {names}"), names, "form"));
        }
        if !asked.passwords.is_empty() {
            let names = asked.passwords.join(", ");
            self.say(&CLEAR_LOGIN, (format!("the address of a request in clear has a value for {names}"), names, "query"));
        }
        if !asked.cookies.is_empty() {
            let names = asked.cookies.join(", ");
            self.say(&CLEAR_COOKIE, (format!("a request in clear has cookies: {names}"), names, "header"));
        }
        if !asked.cookies_set.is_empty() {
            let names = asked.cookies_set.join(", ");
            let at = self.answer();
            self.push(&CLEAR_COOKIE, at, (format!("a response in clear sets a cookie: {names}"), names, "header"));
        }
        if !asked.tokens.is_empty() {
            let names = asked.tokens.join(", ");
            self.say(&URL_TOKEN, (format!("the address of a request holds a token: {names}"), names, "query"));
        }
    }

    fn storage(&mut self, asked: &Asked) {
        if let Some(link) = asked.link {
            let lifetime = match link.lifetime {
                Some(Lifetime::For(span)) => Some(span),
                Some(Lifetime::Until(end)) => Some(Timestamp::from_parts(end, 0).since(self.row.origin.time)),
                None => None,
            };
            let hours = lifetime.map(|span| span.nanos() / 1_000_000_000);
            let how_long = hours.map_or_else(|| "a time that it does not say in seconds".to_owned(), |seconds| format!("{seconds} s"));
            let severity = if lifetime.is_some_and(|span| span > LONG) { Severity::Medium } else { PRESIGNED_LINK.severity };
            let kind = Kind { severity, ..PRESIGNED_LINK };
            let value = format!("{}, {how_long}", link.service);
            self.say(&kind, (format!("a signed link to storage ({}) is good for {how_long}", link.service), value, "query"));
        }
        let is_listing = self.row.response_body.media_type == Some(media::LISTING) && self.row.status == Some(200);
        if is_listing && !asked.has_credentials {
            let path = self.row.path.clone().unwrap_or_default();
            let at = self.answer();
            self.push(&OPEN_STORAGE, at, ("storage lists what it holds to a request without credentials".to_owned(), path, "content"));
        }
    }
}
