//! Opening the database: what is created, what is checked, and what is refused untouched.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use torch_core::Timestamp;

use crate::StoreError;
use crate::schema::{self, APPLICATION_ID, SCHEMA_VERSION};

/// How long a statement waits for another connection's lock. Only a reader's checkpoint can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How large the write-ahead log may stay after a checkpoint, in bytes.
const WAL_KEPT: i64 = 16 * 1024 * 1024;

/// Up to which size all of the database is checked at each start, in bytes.
const CHECKED_WHOLE: u64 = 256 * 1024 * 1024;

/// The first bytes of every SQLite 3 file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The registry's database. The daemon holds the one that writes.
#[derive(Debug)]
pub struct Store {
    pub(crate) conn: Connection,
}

impl Store {
    /// Opens the database for writing, creates it (folder 0700, file 0600) if there is none, and brings its
    /// schema up to date. `now` is recorded with each migration.
    ///
    /// # Errors
    /// [`StoreError::Foreign`], [`StoreError::Damaged`] and [`StoreError::Newer`] leave the file as it is;
    /// [`StoreError::Migrate`] leaves it at the last schema that was reached.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        create(path)?;
        check_header(path)?;
        let mut conn = connect(path, path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Until it is known to be ours, closing must not even fold the log into the file.
        keep_log(&conn, true)?;
        let found = check_owner(&conn, path)?;
        if found > SCHEMA_VERSION {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known: SCHEMA_VERSION,
            });
        }
        quick_check(&conn, path)?;
        keep_log(&conn, false)?;
        configure(&conn).map_err(StoreError::sql("set up the database connection"))?;
        schema::migrate(&mut conn, path, now, schema::MIGRATIONS)?;
        Ok(Self { conn })
    }

    /// Opens the database for reading, also while a daemon writes. Creates no database and changes nothing.
    ///
    /// A database without a write-ahead log has no writer and is read as it stands; a daemon that starts
    /// meanwhile does not disturb that before its first checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none, and the refusals of [`Store::open`].
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing {
                path: path.to_owned(),
            });
        }
        check_header(path)?;
        let settled = log_length(path) == 0;
        let uri = read_only_uri(path, settled);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let conn = connect(path, &uri, flags)?;
        let found = check_owner(&conn, path)?;
        let (path, known) = (path.to_owned(), SCHEMA_VERSION);
        match found {
            0 => Err(StoreError::Missing { path }),
            _ if found > known => Err(StoreError::Newer { path, found, known }),
            _ if found < known => Err(StoreError::Older { path, found, known }),
            _ => Ok(Self { conn }),
        }
    }
}

/// Makes the folder and an empty file, so that the file never exists with wider permissions.
fn create(path: &Path) -> Result<(), StoreError> {
    let failed = |act, path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::File { act, path, source }
    };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(failed("create", dir))?;
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(failed("open", path))?;
    let mode = file.metadata().map_err(failed("read", path))?.permissions();
    if mode.mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(failed("protect", path))?;
    }
    Ok(())
}

/// Refuses a file that SQLite would not recognise, and an empty one beside a log that is not empty.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(16).read_to_end(&mut start))
        .map_err(|source| StoreError::File {
            act: "read",
            path: path.to_owned(),
            source,
        })?;
    if start.is_empty() && log_length(path) > 0 {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            detail: "it is empty, but its write-ahead log is not".to_owned(),
        });
    }
    if !start.is_empty() && start != MAGIC {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
            detail: "it does not begin like an SQLite file".to_owned(),
        });
    }
    Ok(())
}

/// The size of the write-ahead log, 0 without one.
fn log_length(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(0, |meta| meta.len())
}

fn connect(path: &Path, name: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let act = || format!("open the registry database `{}`", path.display());
    let conn = Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(StoreError::sql(act()))?;
    conn.busy_timeout(BUSY_TIMEOUT)
        .map_err(StoreError::sql(act()))?;
    conn.set_prepared_statement_cache_capacity(64);
    // A damaged or planted schema must not run functions from views and triggers.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)
        .map_err(StoreError::sql(act()))?;
    Ok(conn)
}

fn keep_log(conn: &Connection, keep: bool) -> Result<(), StoreError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)
        .map_err(StoreError::sql("set up the database connection"))?;
    Ok(())
}

/// The schema's number, after making sure that the file is torch's or still empty.
fn check_owner(conn: &Connection, path: &Path) -> Result<u32, StoreError> {
    let read = || -> rusqlite::Result<(u32, i32, i64)> {
        let version = schema::version(conn)?;
        let owner = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((version, owner, tables))
    };
    let (version, owner, tables) = read().map_err(|error| refused(path, error))?;
    let new = version == 0 && owner == 0 && tables == 0;
    if owner != APPLICATION_ID && !new {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
            detail: format!(
                "its application id is {owner:#010x}, torch's is {APPLICATION_ID:#010x}"
            ),
        });
    }
    Ok(version)
}

/// Runs SQLite's quick check: over everything while that takes well under a second (0.8 s for 264 MB in an
/// unoptimised build), over the tables that a start depends on when the history has grown beyond that.
fn quick_check(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let length = std::fs::metadata(path).map_or(0, |meta| meta.len());
    if length <= CHECKED_WHOLE {
        return check_with(conn, path, "PRAGMA quick_check(1)");
    }
    for table in ["team", "agent", "spool", "pair", "delivery", "chain"] {
        check_with(conn, path, &format!("PRAGMA quick_check({table})"))?;
    }
    // The second schema has it.
    if schema::version(conn).map_err(|error| refused(path, error))? >= 2 {
        check_with(conn, path, "PRAGMA quick_check(schedule)")?;
    }
    Ok(())
}

fn check_with(conn: &Connection, path: &Path, sql: &str) -> Result<(), StoreError> {
    let verdict: String = conn
        .query_row(sql, [], |row| row.get(0))
        .map_err(|error| refused(path, error))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged {
        path: path.to_owned(),
        detail: verdict,
    })
}

/// Tells a damaged file from a failure to look at it.
fn refused(path: &Path, error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => StoreError::Damaged {
            path: path.to_owned(),
            detail: error.to_string(),
        },
        _ => StoreError::sql(format!("check the registry database `{}`", path.display()))(error),
    }
}

fn configure(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "journal_size_limit", WAL_KEPT)
}

/// The path as an SQLite URI. `settled` = nobody writes, so no lock and no shared memory file is needed.
fn read_only_uri(path: &Path, settled: bool) -> PathBuf {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri.push_str(if settled { "?immutable=1" } else { "?mode=ro" });
    PathBuf::from(uri)
}
