//! Kinds of action: which ones ask for something to be sent, and which kinds of data that is.

use serde::Deserialize;

use super::fault::Source;
use super::file::Many;
use crate::error::Error;
use crate::time::Span;

const SHIPPED: &str = include_str!("../../studies/actions.toml");

/// A kind of action.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionKind {
    /// Words for it, with `*` for any text.
    pub(crate) name: Many<String>,
    /// Kinds of data it asks to be sent; empty when it only operates the device.
    #[serde(default)]
    pub(crate) sends: Vec<String>,
    /// Seconds within which what it asks for begins.
    #[serde(default = "window")]
    pub(crate) window_s: f64,
}

const fn window() -> f64 {
    15.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    action: Vec<ActionKind>,
}

/// The kinds known, the study's own before those of the program.
#[derive(Clone, Debug)]
pub(super) struct Kinds {
    kinds: Vec<ActionKind>,
    own: usize,
}

impl Kinds {
    pub(super) fn shipped() -> Result<Self, Error> {
        let source = Source { path: "studies/actions.toml".into(), text: SHIPPED.to_owned() };
        Ok(Self { kinds: source.parse::<Listed>()?.action, own: 0 })
    }

    pub(super) fn add(&mut self, kinds: Vec<ActionKind>) {
        let count = kinds.len();
        self.kinds.splice(self.own..self.own, kinds);
        self.own += count;
    }

    /// The kind that a word of a log means.
    pub(super) fn of(&self, action: &str) -> Option<&ActionKind> {
        let action = plain(action);
        self.kinds.iter().find(|kind| kind.name.values().iter().any(|name| fits(&plain(name), &action)))
    }
}

impl ActionKind {
    /// Time within which what it asks for begins.
    #[expect(clippy::cast_possible_truncation, reason = "a window of seconds is far below the years that would not fit")]
    pub(super) fn window(&self) -> Span {
        Span::from_nanos((self.window_s.clamp(0.0, 86_400.0) * 1e9) as i64)
    }
}

/// Lower case, one character between words.
fn plain(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '-', '.'], "_")
}

/// Whether a text fits a pattern in which `*` stands for any text.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_texts() {
        for (pattern, text, expected) in [
            ("launch*", "launch", true),
            ("*share*", "share_media", true),
            ("*share*", "sha", false),
            ("set_*", "reset_x", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("land", "landing", false),
            ("*aa", "aa", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn the_words_of_logs_are_known() {
        let kinds = Kinds::shipped().unwrap();
        let sends = |action: &str| kinds.of(action).map(|kind| kind.sends.first().cloned().unwrap_or_default());
        assert_eq!(sends("sync_flight_logs").as_deref(), Some("flight_log"));
        assert_eq!(sends("Share media").as_deref(), Some("media"));
        for action in ["launch", "take_off", "take_photo", "record_video", "land", "close_app"] {
            assert_eq!(sends(action).as_deref(), Some(""), "{action}");
        }
        assert_eq!(sends("dance"), None);
    }

    #[test]
    fn the_study_s_own_kinds_come_first() {
        let mut kinds = Kinds::shipped().unwrap();
        kinds.add(toml::from_str::<Listed>("[[action]]\nname = \"launch\"\nsends = [\"account\"]\n").unwrap().action);
        assert_eq!(kinds.of("launch").unwrap().sends, ["account"]);
    }
}
