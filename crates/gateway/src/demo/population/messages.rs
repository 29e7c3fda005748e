//! Records put into messages, as facilities send them.

use jiff::civil::Date;
use serde_json::Value;

use super::household::Resident;
use super::record::Record;
use super::{Crowd, Population};

/// A message to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The facility that sends it.
    pub sender: String,
    /// Its media type.
    pub content_type: String,
    /// Its bytes.
    pub body: Vec<u8>,
    /// How many residents are in it.
    pub residents: u64,
}

/// All messages of a crowd: emergency records in messages of `size`, and after the residents whom they are
/// about, admission slips one by one. Records wait until their sender has `size` of them, so that no more
/// than `size` a sender are in memory.
pub struct Messages<'a> {
    population: &'a Population,
    homes: Box<dyn Iterator<Item = Vec<Resident>> + Send + 'a>,
    seed: u64,
    size: usize,
    today: Date,
    waiting: Vec<Waiting<'a>>,
    ready: Vec<Message>,
    slips: u64,
}

/// Records that wait for more of their sender's.
struct Waiting<'a> {
    sender: &'a str,
    records: Vec<Value>,
    slips: Vec<Value>,
}

impl Population {
    /// Everything to post for a crowd, from resident `from` on. Only slips depend on `today`.
    #[must_use]
    pub fn messages(&self, crowd: Crowd, from: u64, size: usize, today: Date) -> Messages<'_> {
        let homes = self.households(crowd);
        let new = move |home: &Vec<Resident>| home.last().is_some_and(|one| one.number >= from);
        Messages {
            population: self,
            homes: Box::new(homes.filter(new)),
            seed: crowd.seed,
            size,
            today,
            waiting: Vec::new(),
            ready: Vec::new(),
            slips: 0,
        }
    }
}

impl<'a> Messages<'a> {
    /// Takes in a household.
    fn take(&mut self, home: &[Resident]) {
        let source = &self.population.source;
        for one in home {
            let Some(known) = source.known(one, home, self.seed) else {
                continue;
            };
            let Record { sender, value } = known.record(source);
            let full = {
                let waiting = self.waiting_of(&sender.code);
                waiting.records.push(value);
                waiting.records.len()
            };
            let slip = known.slip(source, one, self.today);
            if let Some(slip) = slip.filter(|_| self.slips < source.settings.slips.at_most) {
                self.slips += 1;
                self.waiting_of(&slip.sender.code).slips.push(slip.value);
            }
            if full >= self.size {
                self.send(&sender.code);
            }
        }
    }

    fn waiting_of(&mut self, sender: &'a str) -> &mut Waiting<'a> {
        let found = self.waiting.iter().position(|one| one.sender == sender);
        let position = found.unwrap_or_else(|| {
            self.waiting.push(Waiting {
                sender,
                records: Vec::new(),
                slips: Vec::new(),
            });
            self.waiting.len() - 1
        });
        &mut self.waiting[position]
    }

    /// Makes messages of what waits for a sender. Slips come behind the records.
    fn send(&mut self, sender: &'a str) {
        let source = &self.population.source;
        let (records, slips) = {
            let waiting = self.waiting_of(sender);
            (
                std::mem::take(&mut waiting.records),
                std::mem::take(&mut waiting.slips),
            )
        };
        let message = |content_type: &str, value: Value, residents| Message {
            sender: sender.to_owned(),
            content_type: content_type.to_owned(),
            body: value.to_string().into_bytes(),
            residents,
        };
        // Taken from the end.
        for slip in slips.into_iter().rev() {
            let value = source.slip.message(vec![slip]);
            self.ready
                .push(message(&source.slip.content_type, value, 0));
        }
        if !records.is_empty() {
            let residents = records.len() as u64;
            let value = source.record.message(records);
            self.ready
                .push(message(&source.record.content_type, value, residents));
        }
    }
}

impl Iterator for Messages<'_> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        while self.ready.is_empty() {
            if let Some(home) = self.homes.next() {
                self.take(&home);
            } else if let Some(sender) = self.waiting.first().map(|one| one.sender) {
                self.send(sender);
                self.waiting.remove(0);
            } else {
                return None;
            }
        }
        self.ready.pop()
    }
}
