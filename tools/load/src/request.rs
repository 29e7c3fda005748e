//! Requests as bytes.

use std::net::{SocketAddr, ToSocketAddrs as _};

use crate::error::LoadError;

/// Where the server is.
#[derive(Debug, Clone)]
pub struct Base {
    /// Where to connect.
    pub address: SocketAddr,
    host: String,
}

impl Base {
    /// From `http://host:port`.
    ///
    /// # Errors
    /// When it is something else, or the host has no address.
    pub fn parse(text: &str) -> Result<Self, LoadError> {
        let wrong = || LoadError::Argument(format!("--base: http://host:port, not {text}"));
        let host = text.strip_prefix("http://").ok_or_else(wrong)?;
        let host = host.trim_end_matches('/').to_owned();
        let address = host.to_socket_addrs().map_err(|_| wrong())?.next();
        Ok(Self {
            address: address.ok_or_else(wrong)?,
            host,
        })
    }

    /// Writes a GET.
    pub fn get(&self, into: &mut Vec<u8>, path: &str, token: &str) {
        self.head(into, "GET", path, token);
        into.extend_from_slice(b"\r\n");
    }

    /// Writes a POST.
    pub fn post(&self, into: &mut Vec<u8>, path: &str, token: &str, content: (&str, &[u8])) {
        let (content_type, body) = content;
        self.head(into, "POST", path, token);
        for part in [
            "Content-Type: ",
            content_type,
            "\r\nContent-Length: ",
            &body.len().to_string(),
            "\r\n\r\n",
        ] {
            into.extend_from_slice(part.as_bytes());
        }
        into.extend_from_slice(body);
    }

    fn head(&self, into: &mut Vec<u8>, method: &str, path: &str, token: &str) {
        into.clear();
        for part in [
            method,
            " ",
            path,
            " HTTP/1.1\r\nHost: ",
            &self.host,
            "\r\nAuthorization: Bearer ",
            token,
            "\r\n",
        ] {
            into.extend_from_slice(part.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_written_whole() {
        let base = Base::parse("http://127.0.0.1:8484/").unwrap();
        let mut bytes = b"the last one".to_vec();
        base.get(&mut bytes, "/a", "T");
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "GET /a HTTP/1.1\r\nHost: 127.0.0.1:8484\r\nAuthorization: Bearer T\r\n\r\n"
        );
        base.post(&mut bytes, "/b", "T", ("text/csv", b"1,2"));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(
            text.ends_with("Content-Type: text/csv\r\nContent-Length: 3\r\n\r\n1,2"),
            "{text}"
        );
        assert!(Base::parse("https://127.0.0.1:1").is_err());
    }
}
