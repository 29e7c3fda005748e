//! Room: look. FHIR REST: read, vread, Patient by identifier; nothing ignored, nothing else offered. `search`
//! and `history` have the rest.

use serde_json::Value;

use crate::harness::*;
use crate::slip::{Slip, field, golden_cases, send};

on_both! {
    fn metadata_needs_no_token_and_names_what_is_offered(server) {
        let answer = server.send(&Call::get("/fhir/R4/metadata")).expect(200);
        let capability = answer.json();
        assert_eq!(capability["resourceType"], "CapabilityStatement");
        assert_eq!(capability["fhirVersion"], "4.0.1");
        assert!(answer.header("content-type").is_some_and(|value| value.starts_with("application/fhir+json")));
        let resources = capability["rest"][0]["resource"].as_array().expect("resources");
        let types: Vec<&str> = resources.iter().filter_map(|resource| resource["type"].as_str()).collect();
        for kind in ["Patient", "Encounter", "Condition", "Practitioner", "Organization", "RelatedPerson", "Coverage",
            "Composition", "Observation", "Bundle"] {
            assert!(types.contains(&kind), "{kind} is missing: {types:?}");
        }
        write_out(server, "ok-metadata", &capability);
    }

    fn a_read_has_version_and_time(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let answer = server.get(&care_manager(), &format!("/fhir/R4/Patient/{}", sent.patient())).expect(200);
        let patient = answer.json();
        assert_eq!(patient["id"], sent.patient().as_str());
        assert_eq!(patient["meta"]["versionId"], "1");
        assert!(patient["meta"]["lastUpdated"].is_string());
        assert_eq!(answer.header("etag"), Some("W/\"1\""), "{answer}");
        assert!(answer.header("last-modified").is_some_and(|value| value.ends_with(" GMT")), "{answer}");
        assert!(answer.header("cache-control").is_some_and(|value| value.contains("no-store")), "{answer}");
        assert!(answer.header("content-type").is_some_and(|value| value.starts_with("application/fhir+json")));
    }

    fn a_known_version_is_not_sent_again(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let path = format!("/fhir/R4/Patient/{}", sent.patient());
        let ask = |tag: &str| {
            server.send(&Call::get(&path).token(server.token(&care_manager())).header("If-None-Match", tag))
        };
        for tag in ["W/\"1\"", "\"1\"", "1", "W/\"7\", W/\"1\""] {
            let answer = ask(tag).expect(304);
            assert!(answer.body.is_empty(), "{answer}");
            assert_eq!(answer.header("etag"), Some("W/\"1\""), "{answer}");
        }
        for tag in ["W/\"2\"", "\"x\"", ""] {
            ask(tag).expect(200);
        }
    }

    fn each_version_can_be_read(server) {
        let slip = Slip::of_somebody_new();
        let first = send(server, &slip);
        let second = send(server, &slip.version(2).set(field::REMARKS, "二度目"));
        let bundle = |version: u32| format!("/fhir/R4/Bundle/{}/_history/{version}", first.sheet);
        let (one, two) = (server.get(&care_manager(), &bundle(1)), server.get(&care_manager(), &bundle(2)));
        assert_eq!(one.header("etag"), Some("W/\"1\""));
        assert_eq!(two.header("etag"), Some("W/\"2\""));
        assert_ne!(one.expect(200).text(), two.expect(200).text());
        for version in ["0", "3", "-1", "x", "1.0", "99999999999999999999"] {
            let path = format!("/fhir/R4/Bundle/{}/_history/{version}", first.sheet);
            server.get(&care_manager(), &path).outcome(404);
        }
        for reference in &second.references {
            let answer = server.get(&care_manager(), &format!("/fhir/R4/{reference}")).expect(200);
            let version = reference.rsplit('/').next().unwrap_or_default();
            assert_eq!(answer.header("etag"), Some(format!("W/\"{version}\"").as_str()));
        }
    }

    fn the_document_is_complete_in_itself(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let bundle = server.get(&care_manager(), &format!("/fhir/R4/Bundle/{}", sent.sheet)).expect(200).json();
        assert_eq!(bundle["type"], "document");
        let entries = bundle["entry"].as_array().expect("entries");
        assert_eq!(entries[0]["resource"]["resourceType"], "Composition");
        let urls: Vec<&str> = entries.iter().filter_map(|entry| entry["fullUrl"].as_str()).collect();
        assert_eq!(urls.len(), entries.len());
        let mut references = Vec::new();
        collect_references(&bundle, &mut references);
        assert!(!references.is_empty());
        for reference in references {
            assert!(urls.contains(&reference.as_str()), "{reference} is not in the document");
        }
    }

    fn a_patient_is_found_by_identifier(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let patient = server.get(&care_manager(), &format!("/fhir/R4/Patient/{}", sent.patient())).expect(200).json();
        let identifiers = patient["identifier"].as_array().expect("identifiers");
        assert!(identifiers.len() >= 2, "{patient}");
        for identifier in identifiers {
            let (system, value) = (identifier["system"].as_str(), identifier["value"].as_str());
            let (system, value) = (system.expect("a system"), value.expect("a value"));
            for query in [value.to_owned(), format!("{system}|{value}"), format!("{system}%7C{value}")] {
                let found = search(server, &format!("identifier={query}"));
                assert_eq!(found["resourceType"], "Bundle");
                assert_eq!(found["type"], "searchset");
                assert_eq!(found["total"], 1, "{query}: {found}");
                assert_eq!(found["entry"][0]["resource"]["id"], sent.patient().as_str());
                assert_eq!(found["entry"][0]["search"]["mode"], "match");
                let url = found["entry"][0]["fullUrl"].as_str().unwrap_or_default();
                assert_eq!(url, format!("{}/fhir/R4/Patient/{}", server.base, sent.patient()));
            }
            assert_eq!(search(server, &format!("identifier=https://other.example|{value}"))["total"], 0);
            assert_eq!(search(server, &format!("identifier=|{value}"))["total"], 0, "all have a system");
        }
        let written = search(server, &format!("identifier={}", slip.get(field::REGIONAL_ID)));
        write_out(server, "ok-searchset", &written);
    }

    fn wildcards_and_quotes_in_an_identifier_find_nothing(server) {
        send(server, &Slip::of_somebody_new());
        for text in ["%25", "9%25", "_________", "%27%20or%20%271%27%3D%271", "%22", "*", "%5C%5C", "9%27--"] {
            let found = search(server, &format!("identifier={text}"));
            assert_eq!(found["total"], 0, "{text}: {found}");
        }
        for text in ["%5C", "a%00b", "%00", "a%0Ab", "a%1F", "a%ff", "a%4"] {
            server.get(&care_manager(), &format!("/fhir/R4/Patient?identifier={text}")).outcome(400);
        }
    }

    fn habits_of_real_clients_are_known(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let path = format!("/fhir/R4/Patient/{}", sent.patient());
        let token = server.token(&care_manager());
        let hapi = "application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9, \
            application/json+fhir;q=0.9";
        for accept in [hapi, "application/fhir+json", "application/json", "*/*", "application/*"] {
            let answer = server.send(&Call::get(&path).token(token.clone()).header("Accept", accept)).expect(200);
            assert!(answer.header("content-type").is_some_and(|value| value.contains("json")), "{accept}");
        }
        for query in ["?", "?_format=json", "?_format=application/fhir%2Bjson", "?_format=application/json"] {
            server.send(&Call::get(&format!("{path}{query}")).token(token.clone())).expect(200);
        }
        server.send(&Call::get("/fhir/R4/metadata?_format=json")).expect(200);
        server.send(&Call::get("/fhir/R4/metadata?")).expect(200);
        let xml = Call::get(&path).token(token.clone()).header("Accept", "application/fhir+xml");
        server.send(&xml.clone()).outcome(406);
        // One client says in two lines what it takes.
        let two = server.send(&xml.also_header("Accept", "application/fhir+json")).expect(200);
        assert!(two.header("content-type").is_some_and(|value| value.contains("json")), "{two}");
    }

    fn a_search_can_ask_for_the_total_alone(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let identifier = format!("identifier={}", slip.get(field::REGIONAL_ID));
        for query in ["_count=0", "_count=0&_totalMethod=count"] {
            let found = search(server, &format!("{identifier}&{query}"));
            assert_eq!(found["total"], 1, "{query}: {found}");
            assert_eq!(found["entry"].as_array().map_or(0, Vec::len), 0, "{query}: {found}");
        }
        for count in ["1", "20", "100000"] {
            let found = search(server, &format!("{identifier}&_count={count}"));
            assert_eq!(found["total"], 1, "{count}: {found}");
            assert_eq!(found["entry"][0]["resource"]["id"], sent.patient().as_str(), "{count}: {found}");
        }
        // Who may not see the person is told of nobody, whatever is asked for.
        let hidden = server.get(&pharmacist(), &format!("/fhir/R4/Patient?{identifier}&_count=0")).expect(200).json();
        assert_eq!(hidden["total"], 0, "{hidden}");
    }

    fn unknown_parameters_are_refused_and_not_ignored(server) {
        let slip = Slip::of_somebody_new();
        let sent = send(server, &slip);
        let value = slip.get(field::REGIONAL_ID);
        for query in ["_include=Patient:organization", "_revinclude=*", "_has:Observation:patient:code=1", "_elements=id",
            "_summary=count", "_sort=birthdate", "_count=-1", "_count=x", "_filter=x", "name:missing=x", "_lastUpdated=1",
            "_total=estimate",
            "identifier:not=1", "identifier:of-type=1", "patient.name=x", "_text=x", "access_token=1", "_method=DELETE"] {
            let answer = server.get(&care_manager(), &format!("/fhir/R4/Patient?identifier={value}&{query}"));
            let name = query.split('=').next().unwrap_or_default();
            assert!(answer.outcome(400).contains(name), "{query}: {answer}");
        }
        server.get(&care_manager(), &format!("/fhir/R4/Patient?identifier={value}&identifier=2")).outcome(400);
        for query in ["", "?_count=0", "?identifier=a,", "?gender=female", "?identifier=", "?identifier=%7C", "?identifier=https://x.example%7C", "?identifier=%"] {
            server.get(&care_manager(), &format!("/fhir/R4/Patient{query}")).outcome(400);
        }
        for path in [format!("/fhir/R4/Patient/{}?_elements=id", sent.patient()), "/inbox?limit=1".to_owned(),
            format!("/sheets/{}?x=1", sent.sheet)] {
            server.get(&care_manager(), &path).outcome(400);
        }
        for query in ["colour=blue", "mode=terminology", "_format=json&_format=json", "%00"] {
            server.send(&Call::get(&format!("/fhir/R4/metadata?{query}"))).outcome(400);
        }
    }

    fn everything_else_is_refused(server) {
        let sent = send(server, &Slip::of_somebody_new());
        let token = server.token(&care_manager());
        let id = sent.patient();
        let patient = format!("/fhir/R4/Patient/{id}");
        for (method, path) in [
            ("PUT", patient.clone()), ("DELETE", patient.clone()), ("PATCH", patient.clone()),
            ("POST", patient.clone()), ("POST", "/fhir/R4/Patient".to_owned()), ("POST", "/fhir/R4".to_owned()),
            ("GET", "/fhir/R4/Patient/_search".to_owned()), ("POST", format!("{patient}/_history")),
            ("GET", "/fhir/R4/Patient/_history".to_owned()),
            ("GET", format!("{patient}/$everything")), ("GET", format!("{patient}/Observation")),
            ("GET", "/fhir/R4/Observation".to_owned()), ("GET", "/fhir/R4/Medication/1".to_owned()),
            ("GET", "/fhir/R4/Medication?_id=1".to_owned()), ("POST", "/fhir/R4/Medication/_search?_id=1".to_owned()),
            ("GET", "/fhir/R4/_history".to_owned()), ("GET", "/fhir/R4/patient/1".to_owned()),
            ("GET", format!("/fhir/R4//Patient/{id}")), ("GET", format!("/fhir/R4/Patient/{id}/")),
            ("GET", format!("/fhir/R4/Patient/{id}.json")), ("GET", format!("/fhir/R4/Patient/{id};x=1")),
            ("GET", format!("/fhir/R4/Patient%2F{id}")), ("GET", format!("/FHIR/R4/Patient/{id}")),
            ("GET", format!("/fhir/R4/Patient/{}", id.to_uppercase())), ("GET", "/graphql".to_owned()),
            ("GET", format!("/fhir/R4/Binary/{id}")), ("GET", format!("/fhir/R4/./Patient/{id}")),
        ] {
            let answer = server.send(&Call::new(method, &path).token(token.clone()));
            assert!([400, 404, 405].contains(&answer.status), "{method} {path}: {answer}");
            answer.outcome(answer.status);
            assert!(!answer.text().contains("birthDate"), "{method} {path}: {answer}");
        }
        for (name, value) in [("X-HTTP-Method-Override", "DELETE"), ("X-Method-Override", "PUT")] {
            server.send(&Call::get(&patient).token(token.clone()).header(name, value)).expect(200);
        }
        server.get(&care_manager(), &patient).expect(200);
    }

    fn everything_built_from_slips_is_written_out_for_the_validator(server) {
        for name in golden_cases() {
            let slip = Slip::anew(&name);
            let sent = send(server, &slip);
            let mut references = sent.references.clone();
            references.push(format!("Bundle/{}", sent.sheet));
            for (index, reference) in references.iter().enumerate() {
                let resource = server.get(&care_manager(), &format!("/fhir/R4/{reference}")).expect(200).json();
                let kind = resource["resourceType"].as_str().unwrap_or_default();
                write_out(server, &format!("ok-{name}-{index:02}-{kind}"), &resource);
            }
        }
        let refusal = server.get(&care_manager(), "/fhir/R4/Patient/none").json();
        write_out(server, "ok-outcome", &refusal);
    }
}

fn search(server: &Server, query: &str) -> Value {
    server
        .get(&care_manager(), &format!("/fhir/R4/Patient?{query}"))
        .expect(200)
        .json()
}

fn collect_references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "reference" => into.push(text.clone()),
                    other => collect_references(other, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, into)),
        _ => {}
    }
}

/// Hands a resource to the validator step, when the test command asks for it with a folder.
pub fn write_out(server: &Server, name: &str, resource: &Value) {
    let Some(folder) = std::env::var_os("RENKEI_TEST_VALIDATOR_CASES") else {
        return;
    };
    let path = std::path::Path::new(&folder).join(format!("{name}-{:?}.json", server.database));
    std::fs::write(path, serde_json::to_vec_pretty(resource).expect("JSON"))
        .expect("the case is written");
}
