//! From the sender to the named hospital's mailbox, and the receipt back.

use serde_json::{Value, json};

use crate::harness::*;
use crate::intake::native;
use crate::slip::{Slip, field, send};

on_both! {
    fn the_named_hospital_gets_the_slip_in_both_forms(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        assert_eq!(delivery["network"], NETWORK);
        assert_eq!(delivery["kind"], "admission-slip");
        assert_eq!(delivery["version"], 1);
        assert!(delivery["fencingToken"].is_i64() && delivery["laneSeq"].is_i64(), "{delivery}");
        assert!(delivery["storedAt"].is_string(), "{delivery}");
        let bundle = server.get(&mail.recipient(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).expect(200).json();
        assert_eq!(delivery["document"], bundle);
        assert_eq!(delivery["native"], native(server, &sent.sheet));
        assert!(Mail::new(server).delivery_of(&sent.sheet).is_none());
    }

    fn the_sender_sees_stored_and_then_delivered(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        let path = format!("/sheets/{}", sent.sheet);
        let status = server.get(&care_manager(), &path).expect(200).json();
        assert_eq!(kinds(&status), ["stored"], "{status}");
        assert_eq!(status["id"], sent.sheet.as_str());
        assert_eq!(status["network"], NETWORK);
        assert_eq!(status["kind"], "admission-slip");
        assert_eq!(status["receipts"][0]["facility"], mail.hospital);
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        mail.receive(&delivery).expect(200);
        let status = server.get(&care_manager(), &path).expect(200).json();
        assert_eq!(kinds(&status), ["stored", "delivered"], "{status}");
        assert!(mail.delivery_of(&sent.sheet).is_none(), "what was received is gone from the inbox");
    }

    fn retried_reads_and_receipts_are_harmless(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        assert_eq!(mail.delivery_of(&sent.sheet).as_ref(), Some(&delivery));
        let first = mail.receive(&delivery).expect(200);
        assert_eq!(first.json()["status"], "delivered");
        for _ in 0..3 {
            assert_eq!(mail.receive(&delivery).expect(200).text(), first.text());
        }
        let status = server.get(&care_manager(), &format!("/sheets/{}", sent.sheet)).expect(200).json();
        assert_eq!(kinds(&status), ["stored", "delivered"], "{status}");
    }

    fn receipts_at_the_same_time_count_once(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| mail.receive(&delivery).expect(200));
            }
        });
        let status = server.get(&care_manager(), &format!("/sheets/{}", sent.sheet)).expect(200).json();
        assert_eq!(kinds(&status), ["stored", "delivered"], "{status}");
    }

    fn a_lane_keeps_its_order(server) {
        let mail = Mail::new(server);
        let slip = mail.slip();
        let sent = send(server, &slip);
        send(server, &slip.clone().version(2).set(field::REMARKS, "二"));
        send(server, &slip.clone().version(3).set(field::REMARKS, "三"));
        let mut last = i64::MIN;
        for version in 1..=3 {
            let delivery = mail.delivery_of(&sent.sheet).expect("the head of the lane");
            assert_eq!(delivery["version"], version, "{delivery}");
            assert_eq!(delivery["native"]["response"]["data"][0]["modId"], version.to_string());
            let sequence = delivery["laneSeq"].as_i64().expect("a number");
            assert!(sequence > last);
            last = sequence;
            mail.receive(&delivery).expect(200);
        }
        assert!(mail.delivery_of(&sent.sheet).is_none());
    }

    fn lanes_of_different_people_do_not_wait_for_each_other(server) {
        let mail = Mail::new(server);
        let (one, two) = (send(server, &mail.slip()), send(server, &mail.slip()));
        let second = mail.delivery_of(&two.sheet).expect("it is there though the first waits");
        mail.receive(&second).expect(200);
        assert!(mail.delivery_of(&one.sheet).is_some());
    }

    fn a_wrong_fencing_token_changes_nothing(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        let path = format!("/inbox/{}/receipt", delivery["id"].as_str().expect("an id"));
        let token = delivery["fencingToken"].as_i64().expect("a number");
        let wrong = json!({"fencingToken": token + 1}).to_string();
        server.post(&mail.recipient(), &path, wrong).outcome(409);
        for body in ["", "{}", "[]", "{\"fencingToken\":\"1\"}", "{\"fencingToken\":1.5}", "{\"fencingToken\":1,\"x\":1}"] {
            server.post(&mail.recipient(), &path, body).outcome(400);
        }
        assert_eq!(mail.delivery_of(&sent.sheet).as_ref(), Some(&delivery));
    }

    fn nobody_else_gives_the_receipt(server) {
        let mail = Mail::new(server);
        let sent = send(server, &mail.slip());
        let delivery = mail.delivery_of(&sent.sheet).expect("it lies in the inbox");
        let body = json!({"fencingToken": delivery["fencingToken"]}).to_string();
        let path = format!("/inbox/{}/receipt", delivery["id"].as_str().expect("an id"));
        let absent = "/inbox/0190a000-0000-7000-8000-000000000000/receipt";
        for who in [other_hospital(), care_manager(), pharmacist(), auditor()] {
            let hidden = server.post(&who, &path, body.clone());
            hidden.outcome(404);
            let absent = server.post(&who, absent, body.clone());
            assert_eq!(hidden.without_accidents(), absent.without_accidents(), "{who:?}");
        }
        let status = server.get(&care_manager(), &format!("/sheets/{}", sent.sheet)).expect(200).json();
        assert_eq!(kinds(&status), ["stored"], "{status}");
    }

    fn an_unknown_hospital_is_refused_and_nothing_is_stored(server) {
        for code in [UNKNOWN_HOSPITAL, PHARMACY] {
            let slip = Slip::of_somebody_new().set(field::HOSPITAL, code);
            let answer = server.post(&care_manager(), &messages_path(), slip.body());
            assert!(answer.outcome(422).contains(field::HOSPITAL), "{answer}");
            crate::intake::assert_nobody(server, &slip);
        }
    }
}

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
    hospital: String,
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
