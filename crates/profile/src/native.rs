//! Paths in the neutral record tree.

use renkei_wire::Node;

/// Where a row's native value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NativePath {
    /// The record's key (`@key`).
    Key,
    /// The record's version (`@version`).
    Version,
    /// A node of the tree: `form.name`.
    Field(Vec<String>),
    /// A node inside every item of a repeating group: `NK1.segment[].5`.
    Item {
        /// Which group, as a number in the plan.
        group: usize,
        /// The path inside the item.
        steps: Vec<String>,
    },
}

/// A repeating group: all children of one name under one branch, or at the root of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// The path of the branch.
    pub(crate) branch: Vec<String>,
    /// The name of its items.
    pub(crate) item: String,
}

impl Group {
    /// The group's items in a record.
    pub(crate) fn items<'n>(&self, root: &'n Node) -> Vec<&'n Node> {
        let branch = node_at(root, &self.branch);
        let items = branch.into_iter().flat_map(Node::branch);
        items.filter(|item| item.name == self.item).collect()
    }
}

/// The node at the end of a path.
pub(crate) fn node_at<'a>(root: &'a Node, steps: &[String]) -> Option<&'a Node> {
    steps.iter().try_fold(root, |node, name| node.child(name))
}

/// A native path as it is written, before its group has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    Key,
    Version,
    Field(Vec<String>),
    Item(Group, Vec<String>),
}

/// Reads a native path. A dot inside a name is written `\.`.
pub(crate) fn parse(text: &str) -> Result<Written, String> {
    match text {
        "@key" => return Ok(Written::Key),
        "@version" => return Ok(Written::Version),
        _ => {}
    }
    let mut steps = split_dots(text);
    if steps.iter().any(String::is_empty) {
        return Err("a native path is names with dots between: form.name".to_owned());
    }
    let groups: Vec<usize> = (0..steps.len())
        .filter(|at| steps[*at].ends_with("[]"))
        .collect();
    match groups.as_slice() {
        [] => Ok(Written::Field(steps)),
        [at] => {
            let inside = steps.split_off(at + 1);
            let item = steps
                .pop()
                .unwrap_or_default()
                .trim_end_matches("[]")
                .to_owned();
            if item.is_empty() {
                return Err("the items of a group have a name: row[]".to_owned());
            }
            Ok(Written::Item(
                Group {
                    branch: steps,
                    item,
                },
                inside,
            ))
        }
        _ => Err("a native path has one [] at most".to_owned()),
    }
}

fn split_dots(text: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'.') => {
                chars.next();
                if let Some(last) = steps.last_mut() {
                    last.push('.');
                }
            }
            '.' => steps.push(String::new()),
            other => {
                if let Some(last) = steps.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn paths_read() {
        assert_eq!(parse("@key"), Ok(Written::Key));
        assert_eq!(
            parse("fieldData.氏名"),
            Ok(Written::Field(names(&["fieldData", "氏名"])))
        );
        assert_eq!(
            parse(r"fieldData.a\.b"),
            Ok(Written::Field(names(&["fieldData", "a.b"])))
        );
        let group = Group {
            branch: names(&["portalData", "連絡先"]),
            item: "row".to_owned(),
        };
        assert_eq!(
            parse("portalData.連絡先.row[].連絡先::電話"),
            Ok(Written::Item(group, names(&["連絡先::電話"])))
        );
        let group = Group {
            branch: Vec::new(),
            item: "NK1".to_owned(),
        };
        assert_eq!(
            parse("NK1[].NK1-2"),
            Ok(Written::Item(group, names(&["NK1-2"])))
        );
        for wrong in ["", "a..b", "[].b", "a.[]", "a.b[].c[].d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
