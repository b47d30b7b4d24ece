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

use crate::chain::ChainRow;
use crate::mark::{Mark, MarkFile};
use crate::presence::{Presence, beside};
use crate::reserve::Reserve;
use crate::schema::{self, APPLICATION_ID, GUARDED, SCHEMA_VERSION};
use crate::{StoreError, backup, evidence, sum};

/// How long a statement waits for another connection's lock. Only a reader's checkpoint can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How large the write-ahead log may stay after a checkpoint, in bytes.
const WAL_KEPT: i64 = 16 * 1024 * 1024;

/// Up to which size all of the database is checked at each start, in bytes. SQLite's integrity check reads every page
/// and looks up every index entry.
pub(crate) const CHECKED_WHOLE: u64 = 64 * 1024 * 1024;

/// The first bytes of every SQLite 3 file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The registry's database. The daemon holds the one that writes.
#[derive(Debug)]
pub struct Store {
    pub(crate) conn: Connection,
    pub(crate) presence: Presence,
    /// Of a store that writes.
    pub(crate) mark: Option<MarkFile>,
    pub(crate) reserve: Option<Reserve>,
}

impl Store {
    /// Opens the database for writing, creates it (folder 0700, file 0600) if there is none, and brings its
    /// schema up to date, after a verified backup. `now` is recorded with each migration.
    ///
    /// # Errors
    /// [`StoreError::Foreign`], [`StoreError::Damaged`], [`StoreError::Newer`], [`StoreError::Gone`] (a database
    /// that is missing or empty where there was one) and [`StoreError::Behind`] (an older copy, or another one)
    /// leave everything as it is; [`StoreError::Migrate`] leaves it at the last schema that was reached.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        if std::fs::metadata(path).map_or(0, |meta| meta.len()) == 0 {
            refuse_gone(path, true)?;
        }
        create(path)?;
        check_header(path)?;
        let mut conn = connect(path, path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Until it is known to be ours, closing must not even fold the log into the file.
        keep_log(&conn, true)?;
        let found = check_owner(&conn, path)?;
        if found == 0 {
            refuse_gone(path, false)?;
        }
        if found > SCHEMA_VERSION {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known: SCHEMA_VERSION,
            });
        }
        check_pages(&conn, path)?;
        check_content(&conn, path, found, Mark::read(path).as_ref())?;
        if found > 0 && found < SCHEMA_VERSION {
            backup::before_migration(path, now)?;
        }
        keep_log(&conn, false)?;
        configure(&conn).map_err(StoreError::sql("set up the database connection"))?;
        schema::migrate(&mut conn, path, now, schema::MIGRATIONS)?;
        let mark = MarkFile::create(path, &Mark::of(&ChainRow::load(&conn)?))?;
        Ok(Self {
            conn,
            presence: Presence::of(path),
            mark: Some(mark),
            reserve: None,
        })
    }

    /// Refuses to go on when the file was removed, replaced or emptied since it was opened: what is written then
    /// would be read by nobody. Two `stat` calls.
    ///
    /// # Errors
    /// [`StoreError::Gone`].
    pub fn still_there(&mut self) -> Result<(), StoreError> {
        self.presence.check()
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        self.presence.path()
    }

    /// Keeps a reserve of `bytes` at `path`, which a commit on a full disk gives up; says whether it stands now. To be
    /// called again from time to time: a reserve that was given up is taken again once there is room.
    ///
    /// # Errors
    /// When it can't be made; the store works without it.
    pub fn keep_reserve(&mut self, path: &Path, bytes: u64) -> Result<bool, StoreError> {
        let reserve = self
            .reserve
            .get_or_insert_with(|| Reserve::new(path, bytes));
        reserve.fill().map_err(StoreError::file("fill", path))
    }

    /// Whether the disk was full and the reserve has been given up: there is room for a last few commits only.
    pub fn reserve_given_up(&self) -> bool {
        self.reserve
            .as_ref()
            .is_some_and(|reserve| reserve.given_up)
    }

    pub(crate) fn give_up_reserve(&mut self) -> bool {
        self.reserve.as_mut().is_some_and(Reserve::give_up)
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
            refuse_gone(path, true)?;
            return Err(StoreError::Missing {
                path: path.to_owned(),
            });
        }
        check_header(path)?;
        // The mark first: whatever it says is in the database by then.
        let mark = Mark::read(path);
        let conn = connect_read_only(path)?;
        let found = check_owner(&conn, path)?;
        let (owned, known) = (path.to_owned(), SCHEMA_VERSION);
        match found {
            0 => {
                refuse_gone(path, false)?;
                return Err(StoreError::Missing { path: owned });
            }
            _ if found > known => {
                return Err(StoreError::Newer {
                    path: owned,
                    found,
                    known,
                });
            }
            _ if found < known => {
                return Err(StoreError::Older {
                    path: owned,
                    found,
                    known,
                });
            }
            _ => {}
        }
        // One snapshot for all of it: between two looks a daemon may commit.
        let snapshot = conn
            .unchecked_transaction()
            .map_err(|error| refused(path, error))?;
        check_content(&snapshot, path, found, mark.as_ref())?;
        drop(snapshot);
        Ok(Self {
            conn,
            presence: Presence::of(path),
            mark: None,
            reserve: None,
        })
    }
}

/// A connection for reading. A database without a write-ahead log and without the memory that connections share has no
/// writer and is read as it stands; a long look at one that has a writer must take part in its locking.
pub(crate) fn connect_read_only(path: &Path) -> Result<Connection, StoreError> {
    let settled = log_length(path) == 0 && !beside(path, "-shm").exists();
    let uri = read_only_uri(path, settled);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    connect(path, &uri, flags)
}

/// Refuses to begin anew where there are traces of a registry. `log`: whether a write-ahead log is one.
fn refuse_gone(path: &Path, log: bool) -> Result<(), StoreError> {
    match evidence::of(path, log) {
        Some(detail) => Err(StoreError::Gone {
            path: path.to_owned(),
            detail: format!("it is missing or empty, but {detail}"),
        }),
        None => Ok(()),
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

/// Refuses a file that SQLite would not recognise.
pub(crate) fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(16).read_to_end(&mut start))
        .map_err(|source| StoreError::File {
            act: "read",
            path: path.to_owned(),
            source,
        })?;
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
    std::fs::metadata(beside(path, "-wal")).map_or(0, |meta| meta.len())
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
    sum::register(&conn).map_err(StoreError::sql(act()))?;
    Ok(conn)
}

fn keep_log(conn: &Connection, keep: bool) -> Result<(), StoreError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)
        .map_err(StoreError::sql("set up the database connection"))?;
    Ok(())
}

/// The schema's number, after making sure that the file is torch's or still empty.
pub(crate) fn check_owner(conn: &Connection, path: &Path) -> Result<u32, StoreError> {
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

/// Runs SQLite's integrity check: over everything while that is quick, over what a start depends on when the history
/// has grown beyond that. What is left out then is checked row by row when it is read, and whole with each backup.
fn check_pages(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let length = std::fs::metadata(path).map_or(0, |meta| meta.len());
    if length <= CHECKED_WHOLE {
        return check_all_pages(conn, path);
    }
    for table in [
        "team",
        "agent",
        "team_name",
        "spool",
        "pair",
        "chain",
        "migration",
    ] {
        check_with(conn, path, &format!("PRAGMA integrity_check({table})"))?;
    }
    // Not every schema has these.
    let version = schema::version(conn).map_err(|error| refused(path, error))?;
    if version >= 2 {
        check_with(conn, path, "PRAGMA quick_check(schedule)")?;
    }
    if version >= schema::LEDGER {
        check_with(conn, path, "PRAGMA quick_check(ledger)")?;
    }
    if version >= schema::PLAN {
        check_with(conn, path, "PRAGMA quick_check(plan)")?;
    }
    Ok(())
}

/// SQLite's integrity check of everything.
pub(crate) fn check_all_pages(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    check_with(conn, path, "PRAGMA integrity_check(1)")
}

/// Refuses a schema that is not what was made, a journal that does not end where it should, and a database that is
/// older than its mark.
pub(crate) fn check_content(
    conn: &Connection,
    path: &Path,
    found: u32,
    mark: Option<&Mark>,
) -> Result<(), StoreError> {
    if found == 0 {
        return Ok(());
    }
    if let Some(detail) = schema::wrong(conn, found).map_err(|error| refused(path, error))? {
        let path = path.to_owned();
        return Err(StoreError::Damaged { path, detail });
    }
    if found < GUARDED {
        // A mark is first made with that schema: the database was further than this.
        let detail = format!("it has schema {found}, but had schema {GUARDED} or later");
        return match mark {
            Some(_) => Err(StoreError::Behind {
                path: path.to_owned(),
                detail,
            }),
            None => Ok(()),
        };
    }
    let chain = ChainRow::load(conn)?;
    // The mark first: where the log was lost, both are wrong, and this says why.
    if let Some(mark) = mark {
        mark.compare(conn, path, &chain)?;
    }
    chain.check_end(conn)
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
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
    match error.sqlite_error_code() {
        // `Unknown` is SQLite's general error: a schema that can't be read, an unsupported file format.
        Some(DatabaseCorrupt | NotADatabase | Unknown) => StoreError::Damaged {
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
