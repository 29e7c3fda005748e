//! A server's own figures, from its page for Prometheus.

use crate::client::Connection;
use crate::request::Base;

/// Sum and count of the time of write groups.
const GROUP: &str = "store_group_seconds";

/// How often something happened, and how long it took together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Groups {
    /// Seconds.
    pub seconds: f64,
    /// How many.
    pub count: f64,
}

impl Groups {
    /// The mean time of a group since an earlier reading, in milliseconds.
    pub fn mean_ms_since(&self, earlier: &Self) -> Option<f64> {
        let count = self.count - earlier.count;
        (count > 0.0).then(|| (self.seconds - earlier.seconds) / count * 1_000.0)
    }
}

/// The write groups so far; none when the server has no such page or no such figure.
pub async fn groups(base: &Base) -> Option<Groups> {
    let mut request = Vec::new();
    base.get(&mut request, "/metrics", "none");
    let mut connection = Connection::to(base.address);
    let head = connection.ask(&request).await.ok()?;
    if head.status != 200 {
        return None;
    }
    groups_of(&String::from_utf8_lossy(connection.body()))
}

fn groups_of(page: &str) -> Option<Groups> {
    let sum = |ending: &str| {
        let name = format!("{GROUP}{ending}");
        let lines = page.lines().filter(|line| line.starts_with(&name));
        let values: Vec<f64> = lines
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
            .collect();
        (!values.is_empty()).then(|| values.iter().sum())
    };
    Some(Groups {
        seconds: sum("_sum")?,
        count: sum("_count")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_that_of_what_came_since() {
        let page = "# TYPE store_group_seconds histogram\nstore_group_seconds_bucket{le=\"0.001\"} 3\n\
                    store_group_seconds_sum 0.5\nstore_group_seconds_count 10\n";
        let before = groups_of(page).unwrap();
        let after = Groups {
            seconds: 0.6,
            count: 30.0,
        };
        let mean = after.mean_ms_since(&before).unwrap();
        assert!((mean - 5.0).abs() < 1e-9, "{mean}");
        assert_eq!(before.mean_ms_since(&before), None);
        assert_eq!(groups_of("up 1\n"), None);
    }
}
