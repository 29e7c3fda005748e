//! Rightful tokens come in; everything else is 401 with one text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::token::encode;
use crate::harness::*;

on_both! {
    fn a_rightful_token_comes_in_and_no_token_does_not(server) {
        server.get(&hospital(), "/inbox").expect(200);
        let answer = server.send(&Call::get("/inbox"));
        answer.outcome(401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{answer}");
    }

    fn all_kinds_of_callers_come_in(server) {
        for who in [Who::system(HOSPITAL), Who::facility(HOSPITAL), Who::person("nurse", HOSPITAL)] {
            server.get(&who, "/inbox").expect(200);
        }
        for profession in PROFESSIONS.iter().filter(|profession| **profession != "vendor_system") {
            let answer = server.get(&Who::person(profession, PHARMACY), "/inbox");
            assert_ne!(answer.status, 401, "{profession}: {answer}");
        }
    }

    fn claims_that_are_missing_wrong_or_of_another_type_are_refused(server) {
        let signer = server.signer();
        let good = signer.claims(&hospital());
        assert_eq!(status(server, &signer.sign(&signer.header(), &good)), 200, "the positive control");
        for (name, claims) in wrong_claims(&good) {
            assert_eq!(status(server, &signer.sign(&signer.header(), &claims)), 401, "{name}");
        }
    }

    fn headers_that_are_wrong_are_refused(server) {
        let signer = server.signer();
        let claims = signer.claims(&hospital());
        let kid = signer.header()["kid"].clone();
        let headers = [
            ("no kid", json!({"alg": "ES256", "typ": "JWT"})),
            ("unknown kid", json!({"alg": "ES256", "typ": "JWT", "kid": "other"})),
            ("path as kid", json!({"alg": "ES256", "typ": "JWT", "kid": "../../etc/passwd"})),
            ("SQL as kid", json!({"alg": "ES256", "typ": "JWT", "kid": "' or '1'='1"})),
            ("array as kid", json!({"alg": "ES256", "typ": "JWT", "kid": [kid]})),
            ("ES384", json!({"alg": "ES384", "typ": "JWT", "kid": kid})),
            ("RS256", json!({"alg": "RS256", "typ": "JWT", "kid": kid})),
            ("none", json!({"alg": "none", "typ": "JWT", "kid": kid})),
        ];
        for (name, header) in headers {
            assert_eq!(status(server, &signer.sign(&header, &claims)), 401, "{name}");
        }
    }

    fn forged_signatures_are_refused(server) {
        let signer = server.signer();
        let (header, claims) = (signer.header(), signer.claims(&hospital()));
        let good = signer.sign(&header, &claims);
        let kid = header["kid"].clone();
        let none = json!({"alg": "none", "typ": "JWT", "kid": kid});
        let hmac = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
        let hmac_text = format!("{}.{}", encode(&hmac), encode(&claims));
        let foreign = signer.sign_with_foreign_key(&header, &claims);
        let own_key = json!({"alg": "ES256", "typ": "JWT", "kid": kid, "jwk": {"kty": "EC", "crv": "P-256"}});
        let mut other = claims.clone();
        other["profession"] = json!("auditor");
        let parts: Vec<&str> = good.split('.').collect();
        let forged = [
            ("foreign key", foreign),
            ("foreign key with jwk", signer.sign_with_foreign_key(&own_key, &claims)),
            ("none without signature", format!("{}.{}.", encode(&none), encode(&claims))),
            ("none with the old signature", format!("{}.{}.{}", encode(&none), encode(&claims), parts[2])),
            ("ES256 without signature", format!("{}.{}.", parts[0], parts[1])),
            ("HS256 with the public key", format!("{hmac_text}.{}", hmac_sha256(&signer.public_key(), &hmac_text))),
            ("other claims", format!("{}.{}.{}", parts[0], encode(&other), parts[2])),
            ("zero signature", format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0_u8; 64]))),
            ("two parts", format!("{}.{}", parts[0], parts[1])),
            ("four parts", format!("{good}.x")),
            ("not a token", "letmein".to_owned()),
            ("empty", String::new()),
        ];
        for (name, token) in forged {
            assert_eq!(status(server, &token), 401, "{name}");
        }
        assert_eq!(status(server, &good), 200, "the positive control");
    }

    fn every_wrong_token_gets_the_same_words(server) {
        let signer = server.signer();
        let good = signer.claims(&hospital());
        let answers: Vec<_> = wrong_claims(&good)
            .into_iter()
            .map(|(_, claims)| server.send(&Call::get("/inbox").token(signer.sign(&signer.header(), &claims))))
            .map(|answer| answer.without_accidents())
            .collect();
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    }

    fn a_token_in_use_ends_when_its_time_is_over(server) {
        let signer = server.signer();
        let mut claims = signer.claims(&hospital());
        // Past its end, but within what two clocks may differ by.
        let made = claims["iat"].as_i64().expect("a time");
        claims["iat"] = json!(made - 60);
        claims["nbf"] = json!(made - 60);
        claims["exp"] = json!(made + 4);
        let token = signer.sign(&signer.header(), &claims);
        assert_eq!(status(server, &token), 200);
        assert_eq!(status(server, &token), 200, "known by now");
        let begun = std::time::Instant::now();
        while status(server, &token) == 200 {
            assert!(begun.elapsed().as_secs() < 30, "the token never ends");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        assert_eq!(status(server, &token), 401);
    }

    fn other_schemes_and_two_tokens_are_refused(server) {
        let token = server.token(&hospital());
        for value in [format!("Basic {token}"), token.clone(), format!("Bearer  {token} x"), "Bearer".to_owned()] {
            server.send(&Call::get("/inbox").header("Authorization", &value)).expect(401);
        }
        let mut two = Call::get("/inbox").token(token.clone());
        two.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        server.send(&two).expect(401);
        server.send(&Call::get(&format!("/inbox?access_token={token}"))).expect(401);
    }

    fn the_keys_are_private(server) {
        use std::os::unix::fs::PermissionsExt as _;
        let keys = server.data_dir.join("keys");
        let mut count = 0;
        for entry in std::fs::read_dir(&keys).expect("the key folder").flatten() {
            let mode = entry.metadata().expect("metadata").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", entry.path().display());
            count += 1;
        }
        assert!(count >= 1);
    }

    fn the_command_line_makes_tokens_that_work_and_refuses_what_it_does_not_know(server) {
        let make = |profession: &str, minutes: &str| {
            server.renkei(&["token", "--kind", "person", "--staff", "n-1", "--profession", profession, "--facility",
                HOSPITAL, "--network", NETWORK, "--minutes", minutes])
        };
        // Registers them.
        server.token(&Who { subject: "n-1".to_owned(), ..Who::person("nurse", HOSPITAL) });
        let made = make("nurse", "2");
        assert!(made.status.success());
        let token = String::from_utf8(made.stdout).expect("text").trim().to_owned();
        assert_eq!(status(server, &token), 200);
        assert!(!make("wizard", "2").status.success());
        assert!(!make("nurse", "6").status.success(), "five minutes are the default limit");
    }
}

fn status(server: &Server, token: &str) -> u16 {
    let answer = server.send(&Call::get("/inbox").token(token));
    if answer.status != 200 {
        answer.outcome(answer.status);
    }
    answer.status
}

fn wrong_claims(good: &Value) -> Vec<(String, Value)> {
    let now = now_s();
    let mut wrong: Vec<(String, Value)> = good
        .as_object()
        .expect("claims")
        .keys()
        .map(|name| {
            let mut claims = good.clone();
            claims.as_object_mut().expect("claims").shift_remove(name);
            (format!("without {name}"), claims)
        })
        .collect();
    let values = [
        ("expired", "exp", json!(now - 60)),
        ("exp as text", "exp", json!((now + 200).to_string())),
        ("exp as a fraction", "exp", json!(now as f64 + 200.5)),
        ("exp negative", "exp", json!(-1)),
        ("exp null", "exp", Value::Null),
        ("exp far away", "exp", json!(now + 86_400)),
        ("exp at the end of numbers", "exp", json!(i64::MAX)),
        ("one second too long", "exp", json!(now - 5 + 301)),
        ("iat in the future", "iat", json!(now + 120)),
        ("iat at the beginning of numbers", "iat", json!(i64::MIN)),
        ("iat as text", "iat", json!(now.to_string())),
        ("not yet", "nbf", json!(now + 120)),
        ("nbf as text", "nbf", json!(now.to_string())),
        (
            "another issuer",
            "iss",
            json!("https://evil.example/issuer"),
        ),
        (
            "issuer with more",
            "iss",
            json!(format!("{}/", good["iss"].as_str().unwrap_or_default())),
        ),
        ("another audience", "aud", json!("https://other.example")),
        (
            "several audiences",
            "aud",
            json!([good["aud"], "https://other.example"]),
        ),
        ("empty jti", "jti", json!("")),
        ("unknown profession", "profession", json!("wizard")),
        ("profession in capitals", "profession", json!("Physician")),
        ("person as vendor system", "kind", json!("person")),
        ("unknown kind", "kind", json!("god")),
        ("facility of another form", "facility", json!("%")),
        ("facility as a number", "facility", json!(114_110_011)),
        ("networks as text", "networks", json!(NETWORK)),
        (
            "network of another form",
            "networks",
            json!(["../kitamaru"]),
        ),
        ("subject of another form", "sub", json!("' or '1'='1")),
    ];
    for (name, claim, value) in values {
        let mut claims = good.clone();
        claims[claim] = value;
        wrong.push((name.to_owned(), claims));
    }
    wrong
}

/// HMAC by hand, to play the attacker who takes the public key for a secret.
fn hmac_sha256(key: &[u8], text: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let mut block = [0_u8; 64];
    let short = if key.len() > 64 {
        Sha256::digest(key).to_vec()
    } else {
        key.to_vec()
    };
    block[..short.len()].copy_from_slice(&short);
    let pad = |with: u8| block.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(text)
        .finalize();
    URL_SAFE_NO_PAD.encode(
        Sha256::new()
            .chain_update(pad(0x5c))
            .chain_update(inner)
            .finalize(),
    )
}
