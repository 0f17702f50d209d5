//! What this machine's processor can do.
//!
//! Owns the one question that the core can't ask: whether AES is in hardware.

/// Whether AES and the multiplication that GCM needs are instructions of this processor, so that
/// AES-256-GCM is the quickest cipher and runs in constant time.
#[must_use]
pub(super) fn has_aes() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        std::arch::is_x86_feature_detected!("aes")
            && std::arch::is_x86_feature_detected!("pclmulqdq")
    }
    #[cfg(target_arch = "aarch64")]
    {
        std::arch::is_aarch64_feature_detected!("aes")
            && std::arch::is_aarch64_feature_detected!("pmull")
    }
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    {
        false
    }
}
