//! Argon2id with the default settings (19 MiB, 2 passes, 1 lane) on one core: ours, beside the C
//! reference implementation compiled for the processor of this machine. Both keep their memory
//! between hashes and neither wipes it.
//!
//! `cargo bench -p latchkey-crypto --bench argon`

use criterion::{Criterion, Throughput};
use latchkey_crypto::argon::{Hasher, Params, Pepper, Peppers};
use latchkey_types::{Password, Secret};

const KEY: [u8; 32] = *b"\x8f benches: this protects nothing";
const PASSWORD: &str = "correct horse battery staple";
const SALT: [u8; 16] = *b"0123456789abcdef";

fn ours(c: &mut Criterion) {
    let pepper = Pepper::from_bytes(1, &KEY).expect("the key is no placeholder");
    let hasher = Hasher::new(Params::default(), Peppers::new(pepper, Vec::new()));
    let mut worker = hasher.worker();
    let password: Password = Secret::new(PASSWORD.to_owned());

    let mut group = c.benchmark_group("argon2id 19 MiB, 2 passes");
    group.throughput(Throughput::Elements(1)).sample_size(50);
    group.bench_function("latchkey", |b| b.iter(|| worker.hash(&password, SALT)));
    #[cfg(target_arch = "x86_64")]
    {
        let mut hash = [0; 32];
        group.bench_function("C reference, native", |b| {
            b.iter(|| reference::hash(&mut hash));
        });
        let phc = worker.hash(&password, SALT).expect("it was hashed before");
        assert!(
            phc.ends_with(&base64(&hash)),
            "both must compute the same: {phc}"
        );
    }
    group.finish();
}

#[cfg(target_arch = "x86_64")]
fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the reference implementation is C")]
mod reference {
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    use argon2_sys::{ARGON2_OK, ARGON2_VERSION_13, Argon2_Context, Argon2_id, argon2_ctx};

    /// The memory, kept between hashes; this benchmark hashes on one thread.
    static MEMORY: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

    unsafe extern "C" {
        /// Whether the C library wipes its memory after a hash.
        static mut FLAG_clear_internal_memory: libc::c_int;
    }

    unsafe extern "C" fn keep(memory: *mut *mut u8, bytes: libc::size_t) -> libc::c_int {
        let mut kept = MEMORY.load(Ordering::Relaxed);
        if kept.is_null() {
            kept = vec![0u64; bytes / 8].leak().as_mut_ptr().cast();
            MEMORY.store(kept, Ordering::Relaxed);
        }
        // SAFETY: the library hands in a valid place for the address; every hash here asks for the
        // same number of bytes.
        unsafe { *memory = kept };
        ARGON2_OK
    }

    unsafe extern "C" fn leave(_memory: *mut u8, _bytes: libc::size_t) {}

    pub(super) fn hash(out: &mut [u8; 32]) {
        let mut password = super::PASSWORD.as_bytes().to_vec();
        let mut salt = super::SALT;
        let mut secret = super::KEY;
        let mut context = Argon2_Context {
            out: out.as_mut_ptr(),
            outlen: 32,
            pwd: password.as_mut_ptr(),
            pwdlen: password.len() as u32,
            salt: salt.as_mut_ptr(),
            saltlen: 16,
            secret: secret.as_mut_ptr(),
            secretlen: 32,
            ad: ptr::null_mut(),
            adlen: 0,
            t_cost: 2,
            m_cost: 19_456,
            lanes: 1,
            threads: 1,
            version: ARGON2_VERSION_13,
            allocate_cbk: Some(keep),
            free_cbk: Some(leave),
            flags: 0,
        };
        // SAFETY: all pointers are to buffers of the lengths given, which outlive the call, and
        // nothing else uses the library at the same time.
        let result = unsafe {
            FLAG_clear_internal_memory = 0;
            argon2_ctx(&raw mut context, Argon2_id)
        };
        assert_eq!(result, ARGON2_OK);
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    ours(&mut criterion);
    criterion.final_summary();
}
