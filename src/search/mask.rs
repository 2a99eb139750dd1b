//! What is shown of a secret: enough to tell two apart, too little to use one.

/// Whether values are shown as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reveal {
    /// Only what cannot be used.
    #[default]
    Masked,
    /// As they are: the analyst asked for it.
    Plain,
}

/// Characters of which one may be shown.
const CHARACTERS_SHOWN: usize = 4;
/// Most that is shown of a value's beginning.
const MOST_SHOWN: usize = 4;

/// A value without most of it: its beginning, and how long it is. A mailbox keeps the first letter of its parts.
pub(super) fn masked(value: &str) -> String {
    if let Some((local, domain)) = value.split_once('@').filter(|(local, _)| !local.is_empty()) {
        let ending = domain.rsplit_once('.').map_or("", |(_, ending)| ending);
        return format!("{}…@{}….{ending}", start(local, 1), start(domain, 1));
    }
    let count = value.chars().count();
    format!("{}… ({count} characters)", start(value, (count / CHARACTERS_SHOWN).min(MOST_SHOWN)))
}

/// How long a secret is that gives access: nothing of it is shown.
pub(super) fn hidden(value: &str) -> String {
    format!("… ({} characters)", value.chars().count())
}

fn start(text: &str, count: usize) -> String {
    text.chars().take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_left() {
        assert_eq!(masked("pilot.lab@example.net"), "p…@e….net");
        assert_eq!(masked("356938035643809"), "356… (15 characters)");
        assert_eq!(masked("abc"), "… (3 characters)");
        assert_eq!(hidden("Secret"), "… (6 characters)");
    }
}
