//! Requests and answers.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

/// One request.
#[derive(Debug, Clone)]
pub struct Call {
    /// GET, POST …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The bearer token.
    pub token: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body; `None` sends none.
    pub body: Option<Vec<u8>>,
}

impl Call {
    /// A request without token, headers or body.
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            token: None,
            headers: Vec::new(),
            body: None,
        }
    }

    /// GET.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// POST of JSON bytes.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut call = Self::new("POST", path).header("Content-Type", "application/json");
        call.body = Some(body.into());
        call
    }

    /// With a token.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// With a header; one of the same name is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a header line more, also when there is one of the same name.
    pub fn also_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it.
    pub fn send(&self, base: &str) -> Result<Answer, ureq::Error> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(format!("{base}{}", self.path));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut response = match &self.body {
            Some(body) => agent().run(
                request
                    .body(body.clone())
                    .expect("the request is well-formed"),
            )?,
            None => agent().run(request.body(()).expect("the request is well-formed"))?,
        };
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_vec()?;
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// No connection is kept: servers are killed and started again under these tests.
fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(180)))
            .build()
            .new_agent()
    })
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Fails unless this is an OperationOutcome of this status; its diagnostics, joined.
    #[track_caller]
    pub fn outcome(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self}");
        let body = self.json();
        assert_eq!(body["resourceType"], "OperationOutcome", "{self}");
        let issues = body["issue"]
            .as_array()
            .unwrap_or_else(|| panic!("no issue: {self}"));
        assert!(!issues.is_empty(), "{self}");
        let texts: Vec<&str> = issues
            .iter()
            .map(|issue| {
                assert!(
                    issue["severity"].is_string() && issue["code"].is_string(),
                    "{self}"
                );
                issue["diagnostics"].as_str().unwrap_or_default()
            })
            .collect();
        texts.join("\n")
    }

    /// Status, headers and body without what is different each time: the request id and the date.
    pub fn without_accidents(&self) -> (u16, Vec<(String, String)>, String) {
        let request = self
            .header("x-request-id")
            .unwrap_or("no request id")
            .to_owned();
        let headers = self
            .headers
            .iter()
            .filter(|(name, _)| name != "date" && name != "x-request-id")
            .cloned()
            .collect();
        (
            self.status,
            headers,
            self.text().replace(&request, "REQUEST"),
        )
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = self.text().chars().take(2_000).collect();
        write!(f, "{} {:?}\n{text}", self.status, self.headers)
    }
}
