//! A mailbox of its own for a test.

use serde_json::{Value, json};

use crate::harness::*;
use crate::slip::{Slip, field};

/// The kinds of a sheet's receipts, in order.
pub fn kinds(status: &Value) -> Vec<&str> {
    let receipts = status["receipts"]
        .as_array()
        .unwrap_or_else(|| panic!("no receipts: {status}"));
    receipts
        .iter()
        .filter_map(|receipt| receipt["kind"].as_str())
        .collect()
}

/// A hospital of its own for one test: an inbox shows a page of the oldest, and other tests send too.
pub struct Mail {
    server: &'static Server,
    /// The hospital's code.
    pub hospital: String,
}

impl Mail {
    /// Registers the hospital.
    pub fn new(server: &'static Server) -> Self {
        Self {
            server,
            hospital: new_hospital(server),
        }
    }

    /// The hospital's system.
    pub fn recipient(&self) -> Who {
        Who::system(&self.hospital)
    }

    /// A slip about somebody new that names this hospital.
    pub fn slip(&self) -> Slip {
        Slip::of_somebody_new().set(field::HOSPITAL, &self.hospital)
    }

    /// What the inbox offers now.
    #[track_caller]
    pub fn inbox(&self) -> Vec<Value> {
        let inbox = self
            .server
            .get(&self.recipient(), "/inbox")
            .expect(200)
            .json();
        inbox["deliveries"]
            .as_array()
            .unwrap_or_else(|| panic!("no deliveries: {inbox}"))
            .clone()
    }

    /// The delivery of a sheet that the inbox offers now.
    #[track_caller]
    pub fn delivery_of(&self, sheet: &str) -> Option<Value> {
        self.inbox()
            .into_iter()
            .find(|delivery| delivery["sheet"] == sheet)
    }

    /// The hospital's receipt of a delivery.
    #[track_caller]
    pub fn receive(&self, delivery: &Value) -> Answer {
        let body = json!({"fencingToken": delivery["fencingToken"]}).to_string();
        let path = format!("/inbox/{}/receipt", delivery["id"].as_str().expect("an id"));
        self.server.post(&self.recipient(), &path, body)
    }
}
