//! Random schedules, which are written down as they stand: a step draws all it needs from dice of its own, so that a
//! schedule still means the same when others are taken out.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Schedule {
    /// Which of the pairs of models.
    pub models: usize,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Step(pub Action, pub u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    Write,
    Transaction,
    Send,
    Foreign,
    Deliver,
    Refetch,
    Reject,
    Retry,
    Discard,
    Rebuild,
}

/// How often each is drawn.
const WEIGHTS: &[(Action, u64)] = &[
    (Action::Write, 30),
    (Action::Transaction, 10),
    (Action::Send, 20),
    (Action::Foreign, 10),
    (Action::Deliver, 15),
    (Action::Refetch, 3),
    (Action::Reject, 5),
    (Action::Retry, 5),
    (Action::Discard, 3),
    (Action::Rebuild, 1),
];

impl Schedule {
    pub fn random(seed: u64, pairs: usize) -> Self {
        let mut dice = Dice(seed);
        let models = dice.below(pairs);
        let length = 20 + dice.below(60);
        let total = WEIGHTS.iter().map(|(_, weight)| weight).sum::<u64>();
        let step = |dice: &mut Dice| {
            let mut drawn = dice.next() % total;
            for (action, weight) in WEIGHTS {
                if drawn < *weight {
                    return Step(*action, dice.next() >> 32);
                }
                drawn -= weight;
            }
            Step(Action::Write, 0)
        };
        Self { models, steps: (0..length).map(|_| step(&mut dice)).collect() }
    }

    /// The shortest schedule found that still fails: larger and then smaller parts are left out.
    pub fn shrink(mut self, mut tries: usize, fails: impl Fn(&Self) -> bool) -> Self {
        let mut size = self.steps.len() / 2;
        while size > 0 {
            let mut at = 0;
            while at < self.steps.len() && tries > 0 {
                let mut shorter = self.clone();
                shorter.steps.drain(at..(at + size).min(self.steps.len()));
                tries -= 1;
                if fails(&shorter) {
                    self = shorter;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
        self
    }
}

/// SplitMix64: the same on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// True in `percent` of 100.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.below(of.len())) }
    }
}
