//! The server: `GET /fhir/R4/{type}/{id}` and nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use clap::{Args, ValueEnum};
use renkei_model::clock::{Clock as _, SystemClock};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::database::{Database, beside};
use crate::error::BareError;
use crate::read::{Current, Reader};
use crate::row::{Row, Rows};

/// Renkei's.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/fhir+json; charset=utf-8");
/// The length of an ordinary resource.
const FIXED_BYTES: usize = 1_300;

/// How much is done for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Always the same bytes: what HTTP and the tool that asks can do at most.
    Fixed,
    /// The text of the current version.
    Read,
    /// The same, and one small row is durable before the answer leaves.
    Row,
}

/// What `serve` is told.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Renkei's database, filled. It is only read.
    #[arg(long, required_if_eq_any([("mode", "read"), ("mode", "row")]))]
    database_url: Option<String>,
    /// How much is done for an answer.
    #[arg(long, value_enum)]
    mode: Mode,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the small rows go. By default bare.db beside SQLite's file; PostgreSQL needs one.
    #[arg(long)]
    rows_url: Option<String>,
    /// Connections for reading: as many as Renkei has.
    #[arg(long, default_value_t = 8)]
    connections: u32,
}

struct Bare {
    reader: Reader,
    rows: Option<Rows>,
}

impl Serve {
    /// Answers until the process is ended.
    ///
    /// # Errors
    /// When the database or the address cannot be opened.
    pub(crate) async fn run(self) -> Result<(), BareError> {
        let router = self.router().await?;
        let listener = TcpListener::bind(self.listen).await?;
        let address = listener.local_addr()?;
        {
            use std::io::Write as _;
            let mut out = std::io::stdout().lock();
            writeln!(out, "listening on http://{address}")?;
            out.flush()?;
        }
        let listener = listener.tap_io(|stream| {
            // Without it answers are only slower.
            drop(stream.set_nodelay(true));
        });
        Ok(axum::serve(listener, router).await?)
    }

    async fn router(&self) -> Result<Router, BareError> {
        let route = "/fhir/R4/{type}/{id}";
        let url = match (&self.database_url, self.mode) {
            (_, Mode::Fixed) => return Ok(Router::new().route(route, get(fixed))),
            (Some(url), _) => url,
            (None, _) => return Err(BareError::Argument("--database-url is missing".to_owned())),
        };
        let database = Database::of_url(url)?;
        let rows = match self.mode {
            Mode::Row => Some(Rows::open(self.rows_database(&database)?).await?),
            Mode::Fixed | Mode::Read => None,
        };
        let reader = Reader::open(database, self.connections).await?;
        let bare = Arc::new(Bare { reader, rows });
        Ok(Router::new().route(route, get(read)).with_state(bare))
    }

    fn rows_database(&self, database: &Database) -> Result<Database, BareError> {
        match (&self.rows_url, database) {
            (Some(url), _) => Database::of_url(url),
            (None, Database::Sqlite(options)) => {
                let file = beside(options, "bare.db");
                Database::of_url(&format!("sqlite:{}", file.display()))
            }
            (None, Database::Postgres(_)) => {
                let told = "--rows-url is missing: rows go to a database of their own";
                Err(BareError::Argument(told.to_owned()))
            }
        }
    }
}

async fn fixed() -> Response {
    static BODY: [u8; FIXED_BYTES] = [b' '; FIXED_BYTES];
    answer(&BODY[..])
}

async fn read(State(bare): State<Arc<Bare>>, Path((kind, id)): Path<(String, String)>) -> Response {
    let found = bare.reader.current(kind, id.clone()).await;
    let current = match found {
        Ok(Some(current)) => current,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    if let Some(rows) = &bare.rows
        && !rows.keep(row(&id, &current)).await
    {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    answer(current.text)
}

/// Who asks nothing is not noted; what was shown is.
fn row(id: &str, current: &Current) -> Row {
    let hash = Sha256::new()
        .chain_update(id)
        .chain_update(current.version.to_be_bytes())
        .finalize();
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash[..16]);
    Row {
        id: Uuid::now_v7(),
        digest,
        at: SystemClock.now().0,
    }
}

fn answer(body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::example;

    fn serve(mode: Mode, database_url: Option<String>) -> Serve {
        Serve {
            database_url,
            mode,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            rows_url: None,
            connections: 2,
        }
    }

    async fn get_from(router: &Router, path: &str) -> (StatusCode, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        if status == StatusCode::OK {
            assert_eq!(response.headers()[header::CONTENT_TYPE], MEDIA_TYPE);
        }
        let body = response.into_body().collect().await.unwrap();
        (status, body.to_bytes().to_vec())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_read_is_answered_and_its_row_kept() {
        let folder = tempfile::tempdir().unwrap();
        let url = example::database(&folder).await;
        let patient = format!("/fhir/R4/Patient/{}", example::PATIENT);
        for mode in [Mode::Read, Mode::Row] {
            let router = serve(mode, Some(url.clone())).router().await.unwrap();
            let (status, body) = get_from(&router, &patient).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(body, example::PATIENT_TEXT.as_bytes(), "{mode:?}");
            let (status, body) = get_from(&router, "/fhir/R4/Patient/nobody").await;
            assert_eq!((status, body.len()), (StatusCode::NOT_FOUND, 0));
        }
        let file = folder.path().join("bare.db");
        let url = format!("sqlite:{}", file.display());
        let rows = sqlx::SqlitePool::connect(&url).await.unwrap();
        let count = sqlx::query_scalar("SELECT count(*) FROM seen WHERE length(digest) = 16");
        let count: i64 = count.fetch_one(&rows).await.unwrap();
        assert_eq!(count, 1, "mode read keeps nothing, absence is not noted");
    }

    #[tokio::test]
    async fn the_ceiling_needs_no_database() {
        let router = serve(Mode::Fixed, None).router().await.unwrap();
        let (status, body) = get_from(&router, "/fhir/R4/Patient/anybody").await;
        assert_eq!((status, body.len()), (StatusCode::OK, FIXED_BYTES));
        assert!(serve(Mode::Read, None).router().await.is_err());
        let postgres = Some("postgres://postgres@127.0.0.1:1/renkei".to_owned());
        assert!(
            serve(Mode::Row, postgres).router().await.is_err(),
            "rows need a place"
        );
    }
}
