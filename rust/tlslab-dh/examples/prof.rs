use std::time::*;
use tlslab_dh::batch::*;
use tlslab_dh::*;
fn main() {
    let g = Group::by_name("ffdhe2048").unwrap();
    for k in [Kernel::Ifma, Kernel::Portable] {
        let e = Engine::new(&g, k).unwrap();
        for budget in [4 << 20, 16 << 20, 32 << 20, 64 << 20, 128usize << 20] {
            let t = Instant::now();
            let table = PowerTable::new(&e, 450, budget).unwrap();
            let build = t.elapsed();
            let n = 64 * 1024;
            let mut s = 88172645463325252u64;
            let bytes: Vec<u8> = (0..56 * n)
                .map(|_| {
                    s ^= s << 13;
                    s ^= s >> 7;
                    s ^= s << 17;
                    (s >> 30) as u8 | 1
                })
                .collect();
            let mut z = vec![0u16; 64];
            let mut all = vec![];
            for c in bytes.chunks(56 * 64) {
                let ex = Exponents::new(&c, 56).unwrap();
                let t = Instant::now();
                table.zeros(&ex, &mut z).unwrap();
                all.push(t.elapsed().as_secs_f64() / 64.0);
            }
            all.sort_by(f64::total_cmp);
            let p = |q: f64| all[(all.len() as f64 * q) as usize] * 1e6;
            println!(
                "{k} w {} MiB {} build {:?} per {:.2}us {:.2} {:.2} = products {:.3}us each",
                table.window_bits(),
                table.bytes() >> 20,
                build,
                p(0.0),
                p(0.1),
                p(0.5),
                p(0.1) / (table.windows() - 1) as f64
            );
        }
    }
}
