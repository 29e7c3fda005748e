//! Room: deliver. The recipient's receipt, and what the sender sees of it.

use serde_json::json;

use crate::harness::*;
use crate::leaf::entries;
use crate::mail::{Mail, kinds};
use crate::slip::send;

on_both! {
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
            let request = hidden.header("x-request-id").expect("a request id");
            let seen = entries(server, &sent.patient());
            let tried = seen.iter().find(|entry| entry["request"] == request);
            assert_eq!(tried.map(|entry| &entry["decision"]), Some(&json!("deny")), "{who:?}: {seen:?}");
        }
        let status = server.get(&care_manager(), &format!("/sheets/{}", sent.sheet)).expect(200).json();
        assert_eq!(kinds(&status), ["stored"], "{status}");
    }
}
