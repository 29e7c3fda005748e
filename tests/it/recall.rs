//! Room: recall. The same message again gets the same answer and has no second effect.

use crate::harness::*;
use crate::mail::Mail;
use crate::slip::{Sent, Slip, assert_nobody, deliveries_of, field, send};

on_both! {
    fn the_same_bytes_again_get_the_same_answer_and_do_nothing(server) {
        let slip = Slip::of_somebody_new();
        let first = server.post(&care_manager(), &messages_path(), slip.body()).expect(201);
        for _ in 0..3 {
            let again = server.post(&care_manager(), &messages_path(), slip.body()).expect(200);
            assert_eq!(again.text(), first.text());
        }
        let sheet = Sent::of(first).sheet;
        let status = server.get(&care_manager(), &format!("/sheets/{sheet}")).expect(200).json();
        assert_eq!(status["version"], 1, "{status}");
        assert_eq!(deliveries_of(server, &sheet), 1);
    }

    fn the_same_bytes_at_the_same_time_have_one_effect(server) {
        let slip = Slip::of_somebody_new();
        let token = server.token(&care_manager());
        let call = Call::post(&messages_path(), slip.body()).token(token);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..8).map(|_| scope.spawn(|| server.send(&call))).collect();
            senders.into_iter().map(|sender| sender.join().expect("the sender ends")).collect()
        });
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        for answer in &answers {
            assert!([200, 201].contains(&answer.status), "{answer}");
            assert_eq!(answer.text(), answers[0].text());
        }
    }

    fn a_senders_own_message_id_stands_for_the_same_bytes_only(server) {
        let slip = Slip::of_somebody_new();
        let token = server.token(&care_manager());
        let with_key = |slip: &Slip, key: &str| {
            server.send(&Call::post(&messages_path(), slip.body()).token(token.clone()).header("Idempotency-Key", key))
        };
        let key = format!("message-{}", unique());
        let first = with_key(&slip, &key).expect(201);
        assert_eq!(with_key(&slip, &key).expect(200).text(), first.text());
        let other = Slip::of_somebody_new();
        with_key(&other, &key).outcome(409);
        assert_nobody(server, &other);
        // Another sender's ids are its own.
        let theirs = Slip::of_somebody_new().set(field::SENDER, OTHER_CARE_OFFICE);
        let call = Call::post(&messages_path(), theirs.body()).token(server.token(&other_care_manager()));
        server.send(&call.header("Idempotency-Key", &key)).expect(201);
    }

    fn a_colleague_without_the_right_is_not_given_the_answer(server) {
        let slip = Slip::of_somebody_new();
        let first = server.post(&care_manager(), &messages_path(), slip.body()).expect(201);
        let helper = Who::person("home_helper", CARE_OFFICE);
        let refused = server.post(&helper, &messages_path(), slip.body());
        refused.outcome(403);
        let sent = Sent::of(first);
        assert!(!refused.text().contains(&sent.sheet), "{refused}");
        // Nor by the sender's own name of the message, nor by the sender's name in another profession.
        let token = server.token(&care_manager());
        let keyed = Slip::of_somebody_new();
        let call = Call::post(&messages_path(), keyed.body()).header("Idempotency-Key", "the-key");
        server.send(&call.clone().token(token)).expect(201);
        server.send(&call.clone().token(server.token(&helper))).outcome(403);
        let disguised = Who { profession: "home_helper".to_owned(), ..care_manager() };
        server.send(&call.token(server.token(&disguised))).outcome(403);
    }

    fn a_colleague_with_the_right_is_told_that_nothing_changed(server) {
        let mail = Mail::new(server);
        let slip = mail.slip();
        let sent = send(server, &slip);
        let colleague = Who { subject: "another-of-the-office".to_owned(), ..care_manager() };
        let again = server.post(&colleague, &messages_path(), slip.body()).expect(201);
        assert_eq!(again.json()["records"][0]["outcome"], "unchanged", "{again}");
        assert_eq!(Sent::of(again).sheet, sent.sheet);
        assert_eq!(deliveries_of(server, &sent.sheet), 1);
        assert_eq!(mail.inbox().len(), 1);
    }

    fn two_systems_of_one_hospital_do_not_collide(server) {
        let key = format!("message-{}", unique());
        let ward = Who { subject: format!("ward-{HOSPITAL}"), ..hospital() };
        let post = |who: &Who, slip: &Slip| {
            let call = Call::post(&messages_path(), slip.body()).token(server.token(who));
            server.send(&call.header("Idempotency-Key", &key))
        };
        let slip = || Slip::of_somebody_new().set(field::SENDER, HOSPITAL);
        let (one, two) = (slip(), slip());
        let (first, second) = (post(&hospital(), &one).expect(201), post(&ward, &two).expect(201));
        assert_ne!(first.text(), second.text());
        assert_eq!(post(&hospital(), &one).expect(200).text(), first.text());
        assert_eq!(post(&ward, &two).expect(200).text(), second.text());
        post(&ward, &one).outcome(409);
    }

    fn what_was_refused_can_be_sent_again_when_it_is_right(server) {
        let slip = Slip::of_somebody_new();
        let wrong = slip.clone().set(field::BIRTH_DATE, "02/30/2026");
        server.post(&care_manager(), &messages_path(), wrong.body()).outcome(422);
        send(server, &slip);
        server.post(&care_manager(), &messages_path(), wrong.body()).outcome(422);
    }
}
