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
    /// A batch file (CSV).
    pub batch_bytes: usize,
    /// Lines of a batch file.
    pub batch_lines: usize,
    /// Time for a batch file.
    pub batch_ms: u64,
    /// Time for an emergency search or card.
    pub emergency_ms: u64,
    /// Residents that an emergency search names at most.
    pub emergency_answers: usize,
    /// Emergency searches of one member of a crew in a minute.
    pub emergency_searches_a_minute: usize,
    /// Different residents whose emergency card one member of a crew opens in an hour.
    pub emergency_cards_an_hour: usize,
    /// How long an opened card counts as open (break-glass).
    pub emergency_open_ms: u64,
}

impl Limits {
    /// The defaults of the contracts.
    pub const DEFAULT: Self = Self {
        body_bytes: 5_000_000,
        depth: 64,
        entries: 500,
        records: 50,
        page: 20,
        page_max: 200,
        header_bytes: 16_384,
        url_bytes: 4_096,
        request_ms: 30_000,
        batch_bytes: 20_000_000,
        batch_lines: 50_000,
        batch_ms: 600_000,
        emergency_ms: 5_000,
        emergency_answers: 10,
        emergency_searches_a_minute: 30,
        emergency_cards_an_hour: 20,
        emergency_open_ms: 900_000,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
