//! Scans valid JSON text without building values.

pub struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The first byte of the next key, value or closing bracket, with its offset. Skips separators.
    pub fn peek(&mut self) -> Option<(u8, usize)> {
        while self.byte()?.is_ascii_whitespace() || matches!(self.byte()?, b',' | b':') {
            self.at += 1;
        }
        Some((self.byte()?, self.at))
    }

    /// Skips a bracket.
    pub fn step(&mut self) {
        self.at += 1;
    }

    /// A key or another string, with its quotes.
    pub fn string(&mut self) -> Option<&'a str> {
        let (_, start) = self.peek()?;
        self.at += 1;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.text.as_bytes().get(self.at..)?)?;
            if self.byte()? == b'"' {
                break;
            }
            self.at += 2;
        }
        self.at += 1;
        self.text.get(start..self.at)
    }

    /// Skips a value.
    pub fn skip(&mut self) -> Option<()> {
        let (first, _) = self.peek()?;
        if !matches!(first, b'"' | b'{' | b'[') {
            let is_end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']');
            self.at += 1;
            while self.byte().is_some_and(|byte| !is_end(byte)) {
                self.at += 1;
            }
            return Some(());
        }
        let mut open = 0_usize;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            for byte in rest.iter().take_while(|byte| **byte != b'"') {
                match byte {
                    b'{' | b'[' => open += 1,
                    b'}' | b']' => open = open.saturating_sub(1),
                    _ => {}
                }
                self.at += 1;
                if open == 0 {
                    return Some(());
                }
            }
            self.string()?;
            if open == 0 {
                return Some(());
            }
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
