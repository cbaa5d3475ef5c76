//! A disk that forgets: loaded before a server, it keeps of the files in `BRUNEL_DISK` a copy in `BRUNEL_PLATTER` as they
//! were when they were last synced. What is only written and not synced is not there: that is what a power failure may
//! leave at worst. Compiled by the test that uses it, as a library of its own.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::PathBuf;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// The next library's function of that name: the system's own.
fn real(name: &CStr) -> extern "C" fn(c_int) -> c_int {
    const NEXT: *mut c_void = usize::MAX as *mut c_void;
    // SAFETY: both functions asked for take and return an int (POSIX).
    unsafe { std::mem::transmute(dlsym(NEXT, name.as_ptr())) }
}

fn keep(fd: c_int) -> Option<()> {
    let disk = PathBuf::from(std::env::var_os("BRUNEL_DISK")?);
    let platter = PathBuf::from(std::env::var_os("BRUNEL_PLATTER")?);
    let path = std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()?;
    if path.parent()? != disk || !path.is_file() {
        return None;
    }
    let name = path.file_name()?;
    let aside = platter.join(format!("aside-{fd}"));
    std::fs::copy(&path, &aside).ok()?;
    // Whole or not at all: the process may be killed at any moment.
    std::fs::rename(aside, platter.join(name)).ok()
}

#[unsafe(no_mangle)]
pub extern "C" fn fsync(fd: c_int) -> c_int {
    let done = real(c"fsync")(fd);
    let _ = (done == 0).then(|| keep(fd));
    done
}

#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(fd: c_int) -> c_int {
    let done = real(c"fdatasync")(fd);
    let _ = (done == 0).then(|| keep(fd));
    done
}
