//! Sizes and depths that are refused, with their defaults.

/// The limits of the contracts. All sizes are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A JSON body or an HL7 v2 message.
    pub body_bytes: usize,
    /// Nesting of JSON or XML.
    pub depth: usize,
    /// Entries of a bundle.
    pub entries: usize,
    /// Records of a posted message. One transaction takes them all and keeps the writer as long; more
    /// belong into a batch file.
    pub records: usize,
    /// Rows of a page unless asked otherwise.
    pub page: usize,
    /// Rows of a page at most.
    pub page_max: usize,
    /// The request's header block.
    pub header_bytes: usize,
    /// The request's URL.
    pub url_bytes: usize,
    /// Time for a request.
    pub request_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 5_000_000,
            depth: 64,
            entries: 500,
            records: 50,
            page: 20,
            page_max: 200,
            header_bytes: 16_384,
            url_bytes: 4_096,
            request_ms: 30_000,
        }
    }
}
