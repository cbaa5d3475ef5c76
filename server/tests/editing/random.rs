//! Seeded choices, and random edits of a design.

use solver::design::{Command, Design, Id, Object, Value};

/// SplitMix64 (Steele, Lea and Flood 2014): small, seeded, the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// The seed of this run, printed: `BRUNEL_SEED` replays one.
pub fn seed(harness: &str) -> u64 {
    let given = std::env::var("BRUNEL_SEED").ok().and_then(|s| s.parse().ok());
    let seed = given.unwrap_or_else(|| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |t| t.as_nanos() as u64 >> 10)
    });
    eprintln!("{harness}: BRUNEL_SEED={seed}");
    seed
}

/// An edit that has a chance to apply to `design`, and now and then none.
pub fn edit(random: &mut Random, design: &Design) -> Command {
    let objects = &design.objects;
    let choice = if objects.is_empty() { 0 } else { random.below(12) };
    let id = |random: &mut Random| objects[random.below(objects.len())].id.clone();
    let before = |random: &mut Random| (!objects.is_empty() && random.chance(50)).then(|| id(random));
    match choice {
        0 | 1 => {
            let n = random.next();
            let kind = *random.pick(&["parameter", "box", "group"]);
            let object = Object::new(Id::fresh(kind, n), kind, &format!("n{}", n % 40));
            Command::Add { object, before: before(random) }
        }
        2 => Command::Remove { id: id(random) },
        3 => {
            let parent = random.chance(30).then(|| id(random));
            Command::Move { id: id(random), before: before(random), parent }
        }
        4 => Command::Rename { id: id(random), name: format!("n{}", random.below(40)) },
        5 => Command::Suppress { id: id(random), suppressed: random.chance(50) },
        6 => Command::Batch { commands: (0..random.below(4)).map(|_| set(random, design)).collect() },
        _ => set(random, design),
    }
}

fn set(random: &mut Random, design: &Design) -> Command {
    let Some(object) = design.objects.get(random.below(design.objects.len().max(1))) else {
        return Command::Suppress { id: "nothing".into(), suppressed: true };
    };
    let key = match object.kind.as_str() {
        "parameter" => "value",
        _ => *random.pick(&["dx", "dy", "dz"]),
    };
    let text = match random.below(3) {
        0 => format!("{} mm", random.below(50)),
        _ => format!("2*n{} + {} mm", random.below(40), random.below(9)),
    };
    Command::Set { id: object.id.clone(), key: key.into(), value: random.chance(90).then_some(Value::Expr(text)) }
}
