//! Leaves as SQLite's rows: several of them, their persons and their details in one hop to the
//! connection's thread, in statements of a few fixed sizes, so that each is prepared once. Places that
//! nobody needs are NULL and leave no row.

use std::sync::LazyLock;

use renkei_model::leaf::{Hash, LeafDetail, LinkFn, SealedLeaf};
use sqlx::AnyConnection;

use crate::fault::StoreError;
use crate::leaf::Head;
use crate::script::{Kind, Rows, Step};
use crate::sql::{Query, query};

/// Leaves that a statement has places for.
const SIZES: [usize; 4] = [1, 4, 16, 64];
/// The same for a table alone: searches by name bring a hundred persons each, and every statement is a journey.
const SIZES_ALONE: [usize; 5] = [1, 4, 16, 64, 256];
/// Places for persons beside each place for a leaf.
const PERSONS: usize = 2;

/// What stands around the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A transaction of their own, durable when the statement is done.
    Whole,
    /// The end of the transaction that is open, durable when the statement is done.
    Last,
    /// A savepoint named `leaves`; after a failure it is still there.
    Held,
}

impl Frame {
    const ALL: [Self; 3] = [Self::Whole, Self::Last, Self::Held];

    /// What comes before the rows and what after them.
    const fn statements(self) -> (Option<&'static str>, Option<&'static str>) {
        match self {
            Self::Whole => (
                Some("-- store.leaf_rows\nBEGIN IMMEDIATE"),
                Some("-- store.leaf_rows\nCOMMIT"),
            ),
            Self::Last => (None, Some("-- store.leaf_rows\nCOMMIT")),
            Self::Held => (
                Some("-- store.leaf_rows\nSAVEPOINT leaves"),
                Some("-- store.leaf_rows\nRELEASE leaves"),
            ),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Table {
    Leaf,
    Person,
    Detail,
}

impl Table {
    const ALL: [Self; 3] = [Self::Leaf, Self::Person, Self::Detail];

    /// Places beside so many for leaves.
    const fn places(self, size: usize) -> usize {
        match self {
            Self::Person => size * PERSONS,
            Self::Leaf | Self::Detail => size,
        }
    }

    /// The statement with places for so many leaves.
    fn text(self, size: usize) -> String {
        let (into, place, tail) = match self {
            Self::Leaf => (
                "leaf (id, seq, at, network, canonical, hash, link)",
                "(?, ?, ?, ?, ?, ?, ?)",
                "",
            ),
            Self::Person => (
                "leaf_person (leaf, pseudonym)",
                "(?, ?)",
                " ON CONFLICT (leaf, pseudonym) DO NOTHING",
            ),
            Self::Detail => ("leaf_detail (leaf, name, salt, value)", "(?, ?, ?, ?)", ""),
        };
        let places = vec![place; self.places(size)].join(", ");
        format!(
            "-- store.leaf_rows\nINSERT INTO {into} SELECT * FROM (VALUES {places}) \
             WHERE column1 IS NOT NULL{tail}"
        )
    }
}

/// Statements for all three tables, by frame and size.
static TOGETHER: LazyLock<[[String; SIZES.len()]; 3]> = LazyLock::new(|| {
    Frame::ALL.map(|frame| {
        SIZES.map(|size| {
            let (before, after) = frame.statements();
            let [leaves, persons, details] = Table::ALL.map(|table| table.text(size));
            let parts = [before, Some(&leaves), Some(&persons), Some(&details), after];
            let parts: Vec<&str> = parts.into_iter().flatten().collect();
            parts.join(";\n")
        })
    })
});

/// Statements for one table, by size.
static ALONE: LazyLock<[[String; SIZES_ALONE.len()]; 3]> =
    LazyLock::new(|| Table::ALL.map(|table| SIZES_ALONE.map(|size| table.text(size))));

/// A leaf with its place in the chain.
struct Row<'l> {
    leaf: &'l SealedLeaf,
    id: String,
    seq: i64,
    link: Hash,
}

/// Writes leaves in this order; the head after the last of them.
///
/// # Errors
/// With [`Frame::Held`] the savepoint has to be rolled back, otherwise the transaction.
pub(crate) async fn put(
    connection: &mut AnyConnection,
    frame: Frame,
    leaves: &[&SealedLeaf],
    (mut head, link): (Head, LinkFn),
) -> Result<Head, StoreError> {
    let mut rows = Vec::with_capacity(leaves.len());
    for &leaf in leaves {
        let seq = head.next_seq;
        head = head.after(&leaf.hash, link);
        let (id, link) = (leaf.id.to_string(), head.link);
        rows.push(Row {
            leaf,
            id,
            seq,
            link,
        });
    }
    let (mut persons, mut details) = (Vec::new(), Vec::new());
    for row in &rows {
        persons.extend(row.leaf.pseudonyms.iter().map(|name| (&*row.id, &**name)));
        details.extend(row.leaf.details.iter().map(|detail| (&*row.id, detail)));
    }
    // In the order of their tree: whom several searches looked at stands on one page, and it is touched once.
    persons.sort_unstable_by_key(|&(leaf, name)| (name, leaf));
    let persons_size = persons.len().div_ceil(PERSONS);
    let needed = rows.len().max(persons_size).max(details.len());
    if let Some(at) = SIZES.iter().position(|&size| size >= needed) {
        let size = SIZES[at];
        let mut statement = query(&TOGETHER[frame as usize][at]);
        statement = rows.iter().fold(statement, bind_leaf);
        statement = empty(statement, (size - rows.len()) * 7);
        statement = persons.iter().fold(statement, bind_person);
        statement = empty(statement, (size * PERSONS - persons.len()) * 2);
        statement = details.iter().fold(statement, bind_detail);
        statement.execute(connection).await?;
        return Ok(head);
    }
    let (before, after) = frame.statements();
    if let Some(before) = before {
        query(before).execute(&mut *connection).await?;
    }
    alone(connection, Table::Leaf, &rows, bind_leaf).await?;
    alone(connection, Table::Person, &persons, bind_person).await?;
    alone(connection, Table::Detail, &details, bind_detail).await?;
    if let Some(after) = after {
        query(after).execute(&mut *connection).await?;
    }
    Ok(head)
}

const LEAF: &str = "-- store.leaf_rows\nINSERT INTO leaf (id, seq, at, network, canonical, hash, link) \
                    VALUES (?, ?, ?, ?, ?, ?, ?)";
const LEAF_PERSONS: Rows = Rows {
    head: "-- store.leaf_rows\nINSERT INTO leaf_person (leaf, pseudonym) SELECT column1, column2",
    kinds: &[Kind::Text; 2],
    tail: "ON CONFLICT (leaf, pseudonym) DO NOTHING",
    beside: false,
};
const LEAF_DETAILS: Rows = Rows {
    head: "-- store.leaf_rows\nINSERT INTO leaf_detail (leaf, name, salt, value) \
           SELECT column1, column2, column3, column4",
    kinds: &[Kind::Text, Kind::Text, Kind::Bytes, Kind::Text],
    tail: "",
    beside: false,
};

/// One leaf with its place in the chain, for a transaction.
pub(crate) fn steps(leaf: &SealedLeaf, seq: i64, link: &Hash) -> Vec<Step> {
    let id = leaf.id.to_string();
    let row = Step::new(LEAF)
        .bind(&*id)
        .bind(seq)
        .bind(leaf.at.0)
        .bind(leaf.network.as_ref().map(ToString::to_string))
        .bind(&*leaf.canonical)
        .bind(&leaf.hash[..])
        .bind(&link[..]);
    let person = |pseudonym: &String| vec![id.as_str().into(), pseudonym.as_str().into()];
    let detail = |detail: &LeafDetail| {
        vec![
            id.as_str().into(),
            detail.name.as_str().into(),
            (&detail.salt[..]).into(),
            detail.value.as_str().into(),
        ]
    };
    let mut steps = vec![row];
    steps.extend(LEAF_PERSONS.steps(leaf.pseudonyms.iter().map(person).collect()));
    steps.extend(LEAF_DETAILS.steps(leaf.details.iter().map(detail).collect()));
    steps
}

/// Rows of one table in statements of their own: there are more than one statement for all three has
/// places for.
async fn alone<T>(
    connection: &mut AnyConnection,
    table: Table,
    rows: &[T],
    bind: impl Fn(Query, &T) -> Query,
) -> Result<(), StoreError> {
    let last = SIZES_ALONE.len() - 1;
    for chunk in rows.chunks(table.places(SIZES_ALONE[last])) {
        let fits = |&size: &usize| table.places(size) >= chunk.len();
        let at = SIZES_ALONE.iter().position(fits);
        let text = &ALONE[table as usize][at.unwrap_or(last)];
        let statement = chunk.iter().fold(query(text), &bind);
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}

fn bind_leaf(statement: Query, row: &Row<'_>) -> Query {
    let leaf = row.leaf;
    statement
        .bind(&*row.id)
        .bind(row.seq)
        .bind(leaf.at.0)
        .bind(leaf.network.as_ref().map(|network| network.as_str()))
        .bind(&*leaf.canonical)
        .bind(&leaf.hash[..])
        .bind(&row.link[..])
}

fn bind_person(statement: Query, (leaf, pseudonym): &(&str, &str)) -> Query {
    statement.bind(*leaf).bind(*pseudonym)
}

fn bind_detail(statement: Query, (leaf, detail): &(&str, &LeafDetail)) -> Query {
    statement
        .bind(*leaf)
        .bind(&*detail.name)
        .bind(&detail.salt[..])
        .bind(&*detail.value)
}

/// Places that stay empty. Those at a statement's end need no binding.
fn empty(statement: Query, places: usize) -> Query {
    (0..places).fold(statement, |statement, _| statement.bind(None::<i64>))
}
