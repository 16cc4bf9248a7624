//! What a typed filter matches; the same rule on the server, for the address, and in the browser, while one types.

/// Whether every word of the filter occurs in the text, in any order and case. An empty filter matches everything.
pub fn matches(filter: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    filter.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn every_word_must_occur_in_any_order() {
        assert!(matches("metadata MET", "MET-03 Cloud metadata server"));
        assert!(!matches("metadata tls", "MET-03 Cloud metadata server"));
        assert!(matches("  ", "anything"));
    }
}
