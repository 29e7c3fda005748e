//! The Kitami profile: it loads.

use std::path::Path;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/kitamaru")
}

#[test]
fn it_loads() {
    match renkei_profile::load(&folder()) {
    Err(found) => panic!("{}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    Ok(n) => {
        let m = n.message("admission-slip").unwrap();
        let r = m.sample(0, true);
        println!("{}", String::from_utf8(renkei_wire::filemaker::encode(&[r.clone()])).unwrap());
        let t = std::time::Instant::now();
        let mapped = m.map_in(&r).unwrap();
        println!("{:?}", t.elapsed());
        for x in &mapped.resources { println!("{} {}", x.key, x.json); }
        println!("{:?} {:?} {:?}", mapped.roles, mapped.loss, mapped.demography);
    } }
}
