//! User agents (RFC 9110 section 10.1.5) say which program on which system; and version, model, language and build, which
//! together tell one phone from all others.

/// Systems by the words that tell them, the more exact before the more general.
const SYSTEMS: [(&str, &[&str]); 6] = [
    ("Android", &["android", "okhttp", "dalvik"]),
    ("iOS", &["iphone", "ipad", "ios", "cfnetwork"]),
    ("Windows", &["windows"]),
    ("macOS", &["macintosh", "mac os"]),
    ("Linux", &["linux", "x11"]),
    ("Darwin", &["darwin"]),
];
/// Letters of a program's name that stay: longer ones carry more than a name.
const NAME: usize = 24;

/// Program and system.
pub(super) fn general(agent: &str) -> String {
    let is_of_name = |letter: &char| letter.is_ascii_alphabetic() || matches!(letter, '.' | '-' | '_');
    let name: String = agent.trim().chars().take_while(is_of_name).take(NAME).collect();
    let lower = agent.to_lowercase();
    let system = SYSTEMS.iter().find(|(_, words)| words.iter().any(|word| lower.contains(word))).map(|(system, _)| *system);
    match (name.trim_matches(['.', '-', '_']), system) {
        ("", None) => "unnamed".to_owned(),
        ("", Some(system)) => format!("unnamed ({system})"),
        (name, None) => name.to_owned(),
        (name, Some(system)) => format!("{name} ({system})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_and_system_stay() {
        for (agent, said) in [
            ("Dalvik/2.1.0 (Linux; U; Android 8.0.0; SM-G950F Build/R16NW)", "Dalvik (Android)"),
            ("DJI GO 4/4.1.22 (iPhone; iOS 11.2.6; Scale/3.00)", "DJI (iOS)"),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Mozilla (Windows)"),
            ("curl/7.88.1", "curl"),
            ("a4:83:e7:12:34:56", "a"),
            ("12345", "unnamed"),
        ] {
            assert_eq!(general(agent), said, "{agent}");
            assert_eq!(general(said), said, "it stays itself");
        }
    }
}
