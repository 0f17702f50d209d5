//! New inputs out of old ones, by a seed: what stands in for libFuzzer where it isn't.
//!
//! It knows nothing of coverage. What libFuzzer has learnt is in the corpus, which it begins from.

/// A generator of numbers and of inputs. The same seed gives the same.
#[derive(Debug)]
pub struct Mutator {
    state: u64,
    words: Vec<Vec<u8>>,
    max_len: usize,
}

/// Bytes at which programs err.
const ENDS: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'/', b'\n'];

impl Mutator {
    /// One with this seed and these words to put in, whose inputs have at most `max_len` bytes.
    #[must_use]
    pub fn new(seed: u64, words: Vec<Vec<u8>>, max_len: usize) -> Self {
        Self { state: seed, words, max_len }
    }

    /// The next number (splitmix64, Steele and others 2014).
    pub const fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.number() % end).unwrap_or(0)
    }

    /// An input that is much like one of the corpus.
    pub fn input(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let at = self.below(corpus.len());
        let mut input = corpus.get(at).cloned().unwrap_or_default();
        for _ in 0..=self.below(5) {
            self.change(&mut input, corpus);
        }
        input.truncate(self.max_len);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        let end = at + self.below((input.len() - at).min(32) + 1);
        match self.below(9) {
            0 => self.set(input, at, |byte, random| byte ^ (1 << (random % 8))),
            1 => self.set(input, at, |_, random| ENDS[usize::from(random) % ENDS.len()]),
            2 => self.set(input, at, |_, random| random),
            3 => self.set(input, at, |byte, random| byte.wrapping_add(random % 7).wrapping_sub(3)),
            4 => drop(input.drain(at..end)),
            5 => {
                let piece = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            6 => {
                let piece: Vec<u8> =
                    (0..=self.below(8)).map(|_| self.number().to_le_bytes()[0]).collect();
                input.splice(at..at, piece);
            }
            7 if !self.words.is_empty() => {
                let word = self.below(self.words.len());
                input.splice(at..end, self.words[word].clone());
            }
            _ => {
                let other = self.below(corpus.len());
                let other = corpus.get(other).map_or(&[][..], Vec::as_slice);
                let from = self.below(other.len() + 1);
                let to = from + self.below(other.len() - from + 1);
                input.splice(at..end, other[from..to].iter().copied());
            }
        }
    }

    fn set(&mut self, input: &mut [u8], at: usize, to: impl Fn(u8, u8) -> u8) {
        let random = self.number().to_le_bytes()[0];
        if let Some(byte) = input.get_mut(at) {
            *byte = to(*byte, random);
        }
    }
}

/// The words of a dictionary in the form of libFuzzer's: one in quotes a line, with `\"` and `\\`.
#[must_use]
pub fn words(dictionary: &str) -> Vec<Vec<u8>> {
    let quoted = |line: &str| {
        let line = line.trim().strip_prefix('"')?.strip_suffix('"')?;
        Some(line.replace("\\\"", "\"").replace("\\\\", "\\").into_bytes())
    };
    dictionary.lines().filter_map(quoted).collect()
}
