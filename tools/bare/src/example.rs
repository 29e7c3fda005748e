//! For tests: a database of Renkei's with one admission slip in it, made by hand.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use crate::database::sqlite_writer;
use crate::schema::SQLITE;

/// The slip's Patient.
pub(crate) const PATIENT: &str = "01a1fef7-0000-7000-8000-000000000002";
/// Its text.
pub(crate) const PATIENT_TEXT: &str = r#"{"resourceType":"Patient","gender":"male"}"#;
/// The slip's Bundle; its text is packed.
pub(crate) const SHEET: &str = "01a1fef7-0000-7000-8000-000000000001";

/// The Bundle's text.
pub(crate) fn sheet_text() -> String {
    format!(
        "{{\"resourceType\":\"Bundle\",\"x\":\"{}\"}}",
        "北".repeat(500)
    )
}

/// The rows. `R` stands for the record, `M` for the message, `P` for the Patient, `S` for the sheet.
const ROWS: &str = "
INSERT INTO record (id, network, kind, created_at) VALUES ('R', 'k', 'resident', NOW);
INSERT INTO person (id, created_at) VALUES ('01a1fef7-0000-7000-8000-000000000005', NOW);
INSERT INTO link (id, record, person, since, by_actor, why)
  VALUES ('01a1fef7-0000-7000-8000-000000000006', 'R', '01a1fef7-0000-7000-8000-000000000005', NOW, 'x', 'y');
INSERT INTO identifier (network, system, value, record, rank, message) VALUES ('k', 's', 'KT-000102', 'R', 1, 'M');
INSERT INTO message (id, network, sender, kind, received_at, body_sha256, bytes, request, profile_version, policy, body)
  VALUES ('M', 'k', 'f', 'admission-slip', NOW, x'00', 2, '01a1fef7-0000-7000-8000-000000000007', 'v', 'p', x'7b7d');
INSERT INTO resource (id, network, record, type, current, source_message)
  VALUES ('S', 'k', 'R', 'Bundle', 1, 'M'), ('P', 'k', 'R', 'Patient', 1, 'M');
INSERT INTO version (resource, version, network, record, category, category_bit, owner, sensitivity, at, message,
                     deleted, profile_version, policy, text, packed)
  VALUES ('S', 1, 'k', 'R', 'c', 1, 'f', 'normal', NOW, 'M', 0, 'v', 'p', '', x'PACKED'),
         ('P', 1, 'k', 'R', 'c', 1, 'f', 'normal', NOW, 'M', 0, 'v', 'p', 'TEXT', NULL);
INSERT INTO search_index (resource, type, param, system, value) VALUES ('P', 'Patient', 'identifier', 's', 'KT-000102');
INSERT INTO origin (network, owner, kind, native_key, sheet, record, native_version, content_sha256)
  VALUES ('k', 'f', 'admission-slip', '102', 'S', 'R', 1, x'00');
INSERT INTO origin_part (sheet, part_key, resource) VALUES ('S', 'patient', 'P');
INSERT INTO lineage (message, resource, version, json) VALUES ('M', 'S', 1, '{}');
INSERT INTO relation (id, network, record, facility, kind, since, source_message)
  VALUES ('01a1fef7-0000-7000-8000-000000000008', 'k', 'R', 'h', 'exchange', NOW, 'M');
INSERT INTO face (sheet, patient, network, record, owner, kind, phones, at)
  VALUES ('S', 'P', 'k', 'R', 'f', 'admission-slip', '[]', NOW);
INSERT INTO face_term (network, kind, value, sheet) VALUES ('k', 'kana', 'タンノ', 'S');
INSERT INTO dedup (network, sender, sender_key, message, body_sha256, answer, records)
  VALUES ('k', 'f/x', '9c40', 'M', x'00', '', 'R');
INSERT INTO lane (destination, record, network, state, next_seq, head_seq, due_at, fencing_token)
  VALUES ('h', 'R', 'k', 'idle', 2, 1, 9223372036854775807, 2);
INSERT INTO delivery (id, network, destination, record, message, sheet, version, lane_seq, state, attempt,
                      accepted_token, due_at, stored_at)
  VALUES ('01a1fef7-0000-7000-8000-000000000009', 'k', 'h', 'R', 'M', 'S', 1, 1, 'delivered', 1, 1, NOW, NOW);
INSERT INTO receipt (id, delivery, sheet, destination, kind, version, at, by_actor) VALUES
  ('01a1fef7-0000-7000-8000-00000000000a', '01a1fef7-0000-7000-8000-000000000009', 'S', 'h', 'stored', 1, NOW, 'x'),
  ('01a1fef7-0000-7000-8000-00000000000b', '01a1fef7-0000-7000-8000-000000000009', 'S', 'h', 'delivered', 1, NOW, 'x');
INSERT INTO leaf (id, seq, at, network, canonical, hash, link) VALUES
  ('01a1fef7-0000-7000-8000-00000000000c', 0, NOW, 'k', CAST('\"request\":\"another\"' AS BLOB), x'00', x'00'),
  ('01a1fef7-0000-7000-8000-00000000000d', 1, NOW, 'k',
   CAST('\"request\":\"01a1fef7-0000-7000-8000-000000000007\"' AS BLOB), x'00', x'00');
INSERT INTO leaf_person (leaf, pseudonym)
  VALUES ('01a1fef7-0000-7000-8000-00000000000d', '5a0e62c58b36abf5e3d2e03ba019e399');
";

/// Makes it in a folder; its URL.
pub(crate) async fn database(folder: &TempDir) -> String {
    let file = folder.path().join("renkei.db");
    let options = sqlite_writer(SqliteConnectOptions::new().filename(&file));
    let mut connection = options.connect().await.unwrap();
    for text in SQLITE {
        sqlx::raw_sql(*text).execute(&mut connection).await.unwrap();
    }
    let packed = lz4_flex::compress_prepend_size(sheet_text().as_bytes());
    let packed: String = packed.iter().map(|byte| format!("{byte:02x}")).collect();
    let rows = ROWS
        .replace("'R'", "'01a1fef7-0000-7000-8000-000000000003'")
        .replace("'M'", "'01a1fef7-0000-7000-8000-000000000004'")
        .replace("'P'", &format!("'{PATIENT}'"))
        .replace("'S'", &format!("'{SHEET}'"))
        .replace("NOW", "1795278976156415")
        .replace("PACKED", &packed)
        .replace("TEXT", PATIENT_TEXT);
    sqlx::raw_sql(AssertSqlSafe(rows))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    format!("sqlite:{}", file.display())
}
