//! Bytes gone wrong, for every codec: a small corpus built in code, damaged at random, the same every time.
//!
//! Ten thousand inputs in the ordinary test command, a million with `RENKEI_TEST_LONG=1`. The damage is of the
//! kinds that the wire does (bits, cuts, pieces that come twice) and that an attacker does (pieces of
//! another message, delimiters and escapes in the wrong place).

use std::time::{Duration, Instant};

/// No input may take longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Damage makes no input longer than this.
const LONGEST: usize = 1 << 16;

/// Pieces that mean something in one of the formats.
const PIECES: [&[u8]; 26] = [
    b"\r\n",
    b"\n",
    b"\r",
    b",",
    b"\"",
    b"\"\"",
    b"\0",
    b"\x1a",
    b"\x1b$B",
    b"\x1b(B",
    b"\xEF\xBB\xBF",
    b"\x83\x5c",
    b"\x81",
    b"\xF0\x40",
    b"911,",
    b"201,1,",
    b"JAHISTC08,1\r\n",
    b"<",
    b"</",
    b"&amp;",
    b"&x;",
    b"<!DOCTYPE x>",
    b"]]>",
    b"../",
    b"_",
    b"{\"a\":[",
];

/// Feeds `read` with damaged copies of `seeds`. `read` panics where something is wrong.
///
/// # Panics
/// When an input takes longer than a second.
pub fn survive(seeds: &[Vec<u8>], mut read: impl FnMut(&[u8])) {
    let rounds = match std::env::var_os("RENKEI_TEST_LONG") {
        Some(_) => 1_000_000,
        None => 10_000,
    };
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for seed in seeds {
        read(seed);
    }
    for round in 0..rounds {
        let mut bytes = dice.one_of(seeds).clone();
        for _ in 0..=dice.below(6) {
            damage(&mut bytes, seeds, &mut dice);
        }
        let start = Instant::now();
        read(&bytes);
        let taken = start.elapsed();
        assert!(
            taken < ANSWER_WITHIN,
            "round {round}: {taken:?} for {} bytes",
            bytes.len()
        );
    }
}

fn damage(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    match dice.below(8) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = dice.byte();
            }
        }
        2 => bytes.truncate(at),
        3 => {
            let end = (at + dice.below(40)).min(bytes.len());
            bytes.drain(at..end);
        }
        4 => {
            let end = (at + dice.below(200)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            insert(bytes, at, &piece);
        }
        5 => {
            let other = dice.one_of(seeds);
            let from = dice.below(other.len() + 1);
            let end = (from + dice.below(200)).min(other.len());
            insert(bytes, at, &other[from..end]);
        }
        _ => insert(bytes, at, PIECES[dice.below(PIECES.len())]),
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    if bytes.len() + piece.len() <= LONGEST {
        bytes.splice(at..at, piece.iter().copied());
    }
}

/// xorshift64*: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `n`; 0 if `n` is.
    fn below(&mut self, n: usize) -> usize {
        let roll = usize::try_from(self.roll() >> 33).unwrap();
        roll % n.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn one_of<'a>(&mut self, seeds: &'a [Vec<u8>]) -> &'a Vec<u8> {
        &seeds[self.below(seeds.len())]
    }
}
