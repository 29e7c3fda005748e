//! Values of formats without types, such as cells of a table: given the kind that the plan says they have.

use renkei_wire::{Content, Node, Record};

use crate::native::NativePath;
use crate::plan::{Plan, Row};

/// Makes numbers of those texts that the plan would give back as exactly this number. Everything else
/// stays text, also where a number is wanted and something else is written: that is the mapping's to say.
pub(crate) fn retype(plan: &Plan, record: &mut Record) {
    for row in plan.rows.iter().filter(|row| row.goes_out() && !row.split) {
        match &row.native {
            NativePath::Key | NativePath::Version => {}
            NativePath::Field(steps) => retype_at(row, &mut record.root, steps),
            NativePath::Item { group, steps } => {
                let Some(group) = plan.groups.get(*group) else {
                    continue;
                };
                let branch = node_at(&mut record.root, &group.branch);
                let items = branch.and_then(Node::branch_mut).into_iter().flatten();
                for item in items.filter(|item| item.name == group.item) {
                    retype_at(row, item, steps);
                }
            }
        }
    }
}

fn retype_at(row: &Row, root: &mut Node, steps: &[String]) {
    let Some(node) = node_at(root, steps) else {
        return;
    };
    let Content::Text(text) = &node.content else {
        return;
    };
    let back = row.convert.to_fhir(text).ok();
    let back = back.and_then(|converted| row.convert.to_native(&converted.value));
    if let Some(Content::Number(number)) = back
        && number == *text
    {
        node.content = Content::Number(number);
    }
}

fn node_at<'a>(root: &'a mut Node, steps: &[String]) -> Option<&'a mut Node> {
    steps.iter().try_fold(root, |node, name| {
        let children = node.branch_mut()?;
        children.iter_mut().find(|child| child.name == *name)
    })
}
