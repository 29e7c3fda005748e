//! What holds for every document: the tree is what was written, spans are exact, damage is survived.

use proptest::prelude::*;
use renkei_model::limits::Limits;
use renkei_model::message::Fault;

use super::reference::attribute;
use super::{CLINICAL_DOCUMENT, TEXT, header, read, sections};
use crate::mutants;
use crate::tree::{Content, Node};

pub(super) const SUMMARY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <id root="1.2.392.999999.1" extension="D-2"/>
  <code code="18842-5" codeSystem="2.16.840.1.113883.6.1" displayName="退院時サマリー"/>
  <title>退院時
    サマリー</title>
  <effectiveTime value="20260401103000+0900"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
  <languageCode code="ja-JP"/>
  <setId root="1.2.392.999999.1" extension="D"/>
  <versionNumber value="2"/>
  <recordTarget><patientRole>
    <id root="1.2.392.999999.2" extension="0000001"/>
    <addr use="HP"><postalCode>090-0000</postalCode><city>架空市</city></addr>
    <telecom value="tel:0157-00-0000"/>
    <patient>
      <name use="IDE"><family>架空</family><given>太郎</given></name>
      <name use="SYL"><family>カクウ</family><given>タロウ</given></name>
      <administrativeGenderCode code="M" codeSystem="2.16.840.1.113883.5.1"/>
      <birthTime value="19480405"/>
    </patient>
    <providerOrganization><id root="1.2.392.999999.3" extension="0110000001"/><name>架空病院</name></providerOrganization>
  </patientRole></recordTarget>
  <author><time value="20260401"/><assignedAuthor><id root="1.2.392.999999.4" extension="9"/>
    <assignedPerson><name>医師 一郎</name></assignedPerson></assignedAuthor></author>
  <custodian><assignedCustodian><representedCustodianOrganization>
    <id root="1.2.392.999999.3" extension="0110000001"/><name>架空病院</name>
  </representedCustodianOrganization></assignedCustodian></custodian>
  <participant typeCode="IND"><associatedEntity classCode="ECON"><associatedPerson><name>架空 花子</name></associatedPerson></associatedEntity></participant>
  <relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.392.999999.1" extension="D-1"/></parentDocument></relatedDocument>
  <component><structuredBody>
    <component><section>
      <code code="10183-2" codeSystem="2.16.840.1.113883.6.1"/>
      <title>退院時投薬</title>
      <text><paragraph>一日 <content styleCode="Bold">三回</content>食後</paragraph>
        <list><item>架空錠 &lt;５ｍｇ&gt;</item><item><content revised="delete">架空散</content></item></list>
        <table><tbody><tr><td>朝</td><td>１錠</td></tr></tbody></table>次行<br/>終わり</text>
      <entry><substanceAdministration classCode="SBADM" moodCode="EVN"><doseQuantity xsi:type="PQ" value="1" unit="1"/></substanceAdministration></entry>
      <component><section><title>中の節</title><text>文</text></section></component>
    </section></component>
  </structuredBody></component>
</ClinicalDocument>
"#;

/// Any text of XML, not blank.
fn texts() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9<>&\"' \n\t\rぁ-ん架空表能髙﨑😀]{0,8}[a-z架]"
}

fn attributes(least: usize) -> impl Strategy<Value = Vec<Node>> {
    prop::collection::btree_map("[a-z]{1,6}", texts(), least..4).prop_map(|found| {
        let found = found.into_iter().filter(|(name, _)| name != "xmlns");
        found
            .map(|(name, text)| Node::of_text(format!("@{name}"), text))
            .collect()
    })
}

fn element() -> impl Strategy<Value = Node> {
    let name = "[a-zA-Z_架空][a-zA-Z0-9_.-]{0,5}";
    let leaf = prop_oneof![
        3 => (name, texts()).prop_map(|(name, text)| Node::of_text(name, text)),
        1 => (name, "[ \n\t]{1,3}").prop_map(|(name, text)| Node::of_text(name, text)),
        1 => name.prop_map(|name| Node::new(name, Content::Null)),
        2 => (name, attributes(1), prop::option::of(texts())).prop_map(|(name, mut children, text)| {
            children.extend(text.map(|text| Node::of_text(TEXT, text)));
            Node::of_branch(name, children)
        }),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let children = prop::collection::vec((inner, prop::option::of(texts())), 1..4);
        (name, attributes(0), children).prop_map(|(name, mut all, children)| {
            for (child, text) in children {
                all.push(child);
                all.extend(text.map(|text| Node::of_text(TEXT, text)));
            }
            Node::of_branch(name, all)
        })
    })
}

fn document() -> impl Strategy<Value = Node> {
    prop::collection::vec(element(), 0..6).prop_map(|more| {
        let mut children: Vec<Node> = ["id", "recordTarget", "component"]
            .iter()
            .map(|name| Node::of_branch(*name, vec![Node::of_text("@root", "1.2.3")]))
            .collect();
        children.extend(more);
        Node::of_branch(CLINICAL_DOCUMENT, children)
    })
}

fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\r' | '\n' | '\t' | '髙' => format!("&#x{:x};", u32::from(c)),
        '﨑' => format!("&#{};", u32::from(c)),
        _ => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Writes a tree, with comments wherever they may stand.
fn write(node: &Node, prefix: &str, head: &str, out: &mut String) {
    let name = format!("{prefix}{}", node.name);
    out.push_str(&format!("<{name}{head}"));
    for attribute in node
        .branch()
        .iter()
        .filter(|child| child.name.starts_with('@'))
    {
        out.push_str(&format!(
            " {}=\"{}\"",
            &attribute.name[1..],
            escaped(attribute.text().unwrap())
        ));
    }
    let inside = node
        .branch()
        .iter()
        .filter(|child| !child.name.starts_with('@'));
    let text = node.text().map(escaped);
    if node.content == Content::Null {
        out.push_str("/>");
        return;
    }
    out.push('>');
    out.push_str(&text.unwrap_or_default());
    for child in inside {
        match child.name.as_str() {
            TEXT => out.push_str(&escaped(child.text().unwrap())),
            _ => write(child, prefix, "", out),
        }
        out.push_str("<!-- layout -->");
    }
    out.push_str(&format!("</{name} >"));
}

fn spans_hold(bytes: &[u8], node: &Node) {
    let own = std::str::from_utf8(&bytes[node.span.start..node.span.end]).unwrap();
    if node.name.starts_with('@') {
        assert_eq!(attribute(own).as_deref(), Ok(node.text().unwrap()));
    } else if node.name != TEXT {
        assert!(own.starts_with('<') && own.ends_with('>'), "{own}");
        node.branch()
            .iter()
            .for_each(|child| spans_hold(bytes, child));
    } else {
        assert!(!own.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn the_tree_is_what_was_written(root in document(), prefixed: bool, bom: bool) {
        let (prefix, head) = if prefixed { ("v3:", " xmlns:v3='urn:hl7-org:v3'") } else { ("", " xmlns='urn:hl7-org:v3'") };
        let mut xml = if bom { "\u{feff}".to_owned() } else { String::new() };
        write(&root, prefix, head, &mut xml);
        let document = read(xml.as_bytes(), &Limits::default()).unwrap();
        spans_hold(xml.as_bytes(), &document.record.root);
        prop_assert_eq!(document.record.root.without_spans(), root);
    }
}

#[test]
fn the_header_is_read() {
    let document = read(SUMMARY.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(document.notices, []);
    spans_hold(SUMMARY.as_bytes(), &document.record.root);
    let record = &document.record;
    assert_eq!(
        (record.key.text.as_str(), record.version.text.as_str()),
        ("1.2.392.999999.1^D", "2")
    );
    let header = header(&record.root);
    assert_eq!(header.id.unwrap().text(), "1.2.392.999999.1^D-2");
    assert_eq!(header.title.unwrap().text, "退院時 サマリー");
    assert_eq!(header.code.unwrap().code, "18842-5");
    assert_eq!(header.effective_time.unwrap().text, "20260401103000+0900");
    assert_eq!(header.replaces[0].extension.as_deref(), Some("D-1"));
    let [patient] = &header.patients[..] else {
        panic!("one patient")
    };
    assert_eq!(patient.ids[0].extension.as_deref(), Some("0000001"));
    let part = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(
        patient.names[0].parts,
        [part("family", "架空"), part("given", "太郎")]
    );
    assert_eq!(
        (
            patient.names[1].uses.as_str(),
            patient.addresses[0].uses.as_str()
        ),
        ("SYL", "HP")
    );
    assert_eq!(patient.telecoms[0].text, "tel:0157-00-0000");
    assert_eq!(
        (
            patient.gender.as_ref().unwrap().code.as_str(),
            patient.birth.as_ref().unwrap().text.as_str()
        ),
        ("M", "19480405")
    );
    assert_eq!(
        patient.organization_names[0].parts,
        [part(TEXT, "架空病院")]
    );
    assert_eq!(header.authors[0].time.as_ref().unwrap().text, "20260401");
    assert_eq!(header.authors[0].names[0].parts, [part(TEXT, "医師 一郎")]);
    assert_eq!(
        header.custodian.unwrap().organization_ids[0]
            .extension
            .as_deref(),
        Some("0110000001")
    );
    let [relative] = &header.participants[..] else {
        panic!("one participant")
    };
    assert_eq!(
        (relative.role.as_str(), relative.type_code.as_deref()),
        ("participant", Some("IND"))
    );
}

#[test]
fn sections_are_text_and_entries_stay_a_tree() {
    let document = read(SUMMARY.as_bytes(), &Limits::default()).unwrap();
    let sections = sections(&document.record.root);
    let [medication, inner] = &sections[..] else {
        panic!("two sections")
    };
    assert_eq!(
        (medication.level, medication.title.as_str()),
        (0, "退院時投薬")
    );
    assert_eq!(medication.code.as_ref().unwrap().code, "10183-2");
    assert_eq!(
        medication.text,
        "一日 三回食後\n架空錠 <５ｍｇ>\n[削除: 架空散]\n朝\t１錠\n次行\n終わり"
    );
    let dose = medication.entries[0].at(&["substanceAdministration", "doseQuantity", "@xsi:type"]);
    assert_eq!(dose.and_then(Node::text), Some("PQ"));
    assert_eq!(
        (inner.level, inner.title.as_str(), inner.text.as_str()),
        (1, "中の節", "文")
    );
}

#[test]
fn ten_thousand_broken_documents_are_survived() {
    let small = format!(
        "<ClinicalDocument xmlns='urn:hl7-org:v3'><id root='1'/><recordTarget a='&#65;'>x</recordTarget><component>{}</component></ClinicalDocument>",
        "<![CDATA[<]]>"
    );
    let seeds = [SUMMARY.as_bytes().to_vec(), small.into_bytes()];
    mutants::survive(&seeds, |bytes| match read(bytes, &Limits::default()) {
        Ok(document) => {
            spans_hold(bytes, &document.record.root);
            let _ = (
                header(&document.record.root),
                sections(&document.record.root),
            );
        }
        Err(error) => {
            let fault = Fault::from(error);
            let span = fault.span.unwrap();
            assert!(
                span.start <= span.end && span.end <= bytes.len() && fault.rule.contains(" / "),
                "{fault:?}"
            );
        }
    });
}
