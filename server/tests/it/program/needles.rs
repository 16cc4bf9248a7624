//! Looks for planted secrets in any form in which they could have got somewhere.

/// Texts that must be nowhere, in clear, as base64 or as hexadecimal digits.
pub(crate) struct Needles(Vec<(String, String)>);

impl Needles {
    pub(crate) fn of<T: AsRef<str>>(secrets: impl IntoIterator<Item = T>) -> Self {
        let forms = secrets.into_iter().flat_map(|secret| {
            let secret = secret.as_ref();
            let encoded = (0..3).map(|offset| within_base64(secret.as_bytes(), offset));
            let hexadecimal: Vec<String> = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            let forms: Vec<String> = encoded.chain([secret.to_owned(), hexadecimal.concat()]).collect();
            forms.into_iter().map(|form| (secret.to_owned(), form)).collect::<Vec<_>>()
        });
        Self(forms.collect())
    }

    /// The needles that a text holds, with what stands around them.
    pub(crate) fn found_in(&self, text: &[u8]) -> Vec<String> {
        // Every form is ASCII; whatever else is in a file may be lost.
        let text = String::from_utf8_lossy(text);
        let found = self.0.iter().filter_map(|(secret, form)| {
            let (before, after) = text.split_once(form.as_str())?;
            let around: String = before.chars().rev().take(100).collect();
            let around: String = around.chars().rev().chain(after.chars().take(60)).collect();
            Some(format!("{secret}: {around}"))
        });
        found.collect()
    }

    /// Makes sure that a text holds none.
    ///
    /// # Panics
    ///
    /// When it does.
    pub(crate) fn assert_absent(&self, place: &str, text: impl AsRef<[u8]>) {
        let found = self.found_in(text.as_ref());
        assert!(found.is_empty(), "{place} holds what was planted: {}", found.join("\n"));
    }
}

/// The digits that a text has within the base64 of a longer one, when it begins at this offset of a group of three bytes.
fn within_base64(text: &[u8], offset: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let padded: Vec<u8> = std::iter::repeat_n(0, offset).chain(text.iter().copied()).collect();
    let digits = padded.chunks_exact(3).flat_map(|group| {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[(bits >> shift) as usize & 63]))
    });
    // The first digits hold bits of what stands before.
    digits.skip(if offset == 0 { 0 } else { offset + 1 }).collect()
}

#[test]
fn a_needle_is_found_in_every_form() {
    let needles = Needles::of(["hunter22secret"]);
    for hay in [
        "a hunter22secret b",
        // `hunter22secret`, `x:hunter22secret` and `xy:hunter22secret` as base64.
        "aHVudGVyMjJzZWNyZXQ=",
        "eDpodW50ZXIyMnNlY3JldA==",
        "eHk6aHVudGVyMjJzZWNyZXQ=",
        "68756e7465723232736563726574",
    ] {
        assert!(!needles.found_in(hay.as_bytes()).is_empty(), "{hay}");
    }
    assert!(needles.found_in(b"hunter22").is_empty());
}
