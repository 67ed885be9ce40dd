/// What the system says of this process. Reads /proc, which node gives to wasm as well.
#pragma once

namespace freehold::bench {

/// In MB of 2^20 bytes; 0 where there is no /proc.
double rss_peak_mb();
double rss_mb();
/// Makes `rss_peak_mb` start anew from what is in use now.
void reset_rss_peak();
/// Bytes given to write(); 0 where there is no /proc.
double bytes_written();

}  // namespace freehold::bench
