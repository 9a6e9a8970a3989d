//! The example that builds data sets, as a user runs it, and a task example on what it built.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dnabert::core::LetterPolicy;
use dnabert::genome::fasta::Reader;

fn run(name: &str, arguments: &[&str]) -> Output {
    let here = std::env::current_exe().unwrap(); // target/<profile>/deps/<this test>
    let profile = here.parent().and_then(Path::parent).unwrap();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    Command::new(profile.join("examples").join(file)).args(arguments).output().unwrap()
}

fn genomes(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../datasets/genomes");
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn yeast_splice_sites_are_built_and_learned() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (genome, genes) = (genomes("yeast_chr1_chr2.fa.gz"), genomes("yeast_chr1_chr2.gff3.gz"));
    let splice = ["splice", &genome, &genes, "--coding", "--width", "60"];
    let out = path("set");
    let borders = ["--dev-from", "300000", "--test-from", "500000", "--out", &out];
    let output = run("build_dataset", &[&splice[..], &borders].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tables = ["train", "dev", "test"].map(|split| path(&format!("set/{split}.tsv")));
    let [train, dev, test] = &tables;
    let model = path("model");
    let output = run(
        "splice",
        &[
            "--train", train, "--dev", dev, "--test", test, "--size", "tiny", "--epochs", "1",
            "--out", &model,
        ],
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // The next round: non-sites that a model takes for sites, here one that knows the fly.
    let (again, model) = (path("again"), genomes("../models/splice-fly-60"));
    let more = [&borders[..4], &["--adversary", &model, "--out", &again]].concat();
    let output = run("build_dataset", &[&splice[..], &more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("16 of 16 non-sites of train fool the model"), "{text}");
    let manifest = std::fs::read_to_string(path("again/manifest.json")).unwrap();
    assert!(manifest.contains("adversary"), "{manifest}");
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert!(read("set/test.tsv") == read("again/test.tsv"), "judged on the same rows");
    assert_eq!(read("set/train.tsv").lines().count(), read("again/train.tsv").lines().count());
    // And the one after it, which keeps what that model was fooled by.
    let (third, models) = (path("third"), format!("{model},{model}"));
    let more = [&borders[..4], &["--adversary", &models, "--out", &third]].concat();
    let output = run("build_dataset", &[&splice[..], &more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("16 of 16 non-sites of train fool one of 2 models"), "{text}");
    assert!(read("set/test.tsv") == read("third/test.tsv"), "judged on the same rows");
    let lines = |name: &str| -> HashSet<String> { read(name).lines().map(str::to_owned).collect() };
    let (first, second, third) =
        (lines("set/train.tsv"), lines("again/train.tsv"), lines("third/train.tsv"));
    assert!(second.difference(&first).any(|hard| third.contains(hard)), "what it found is kept");
    assert!(manifest.contains("\"chromosome names\": \"Exact\""), "{manifest}");
    // Splits by sequence.
    let clusters = path("clusters");
    let more = ["--clusters", "20", "--out", &clusters];
    let output = run("build_dataset", &[&splice[..], &more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tables = ["train", "dev", "test"].map(|split| path(&format!("clusters/{split}.tsv")));
    let [train, dev, test] = &tables;
    let arguments = ["--leaks-only", "--k", "20", "--train", train, "--dev", dev, "--test", test];
    let leaks = run("audit", &arguments);
    let text = String::from_utf8_lossy(&leaks.stdout).into_owned();
    assert_eq!(text.matches("that share a 20-mer: 0").count(), 3, "{text}");
}

#[test]
fn the_same_promoters_come_of_every_kind_of_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut state = 7_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ["A", "C", "G", "T"][(state >> 30) as usize]
    };
    let letters: String = (0..60_000).map(|_| letter()).collect();
    std::fs::write(path("g.fa"), format!(">c\n{letters}\n")).unwrap();
    // Thirty starts on either strand: as EPDnew's BED, as FPS, and as transcripts of one exon.
    let (mut bed, mut fps, mut gtf) = (String::new(), String::new(), String::new());
    for turn in 0..30 {
        let base = 1500 + 1900 * turn; // from 0
        if turn % 2 == 0 {
            bed += &format!("c {} {} p{turn} 900 + {base} {}\n", base - 49, base + 11, base + 11);
            fps += &format!("FP   p{turn} :+S  EU:c      1+     {}; 1.\n", base + 1);
            gtf += &format!("c\tx\texon\t{}\t{}\t.\t+\t.\t", base + 1, base + 200);
        } else {
            bed += &format!(
                "c {} {} p{turn} 900 - {} {}\n",
                base - 10,
                base + 50,
                base - 10,
                base + 1
            );
            fps += &format!("FP   p{turn} :+S  EU:c      1-     {}; 1.\n", base + 1);
            gtf += &format!("c\tx\texon\t{}\t{}\t.\t-\t.\t", base - 199, base + 1);
        }
        gtf += &format!("gene_id \"g{turn}\"; transcript_id \"t{turn}\";\n");
    }
    let genome = path("g.fa");
    let build = |name: &str, text: &str, more: &[&str]| -> [String; 3] {
        std::fs::write(path(name), text).unwrap();
        let (sites, out) = (path(name), path(&format!("set-{name}")));
        let fixed = ["promoters", &genome, &sites, "--away", "400", "--out", &out];
        let borders = ["--dev-from", "30000", "--test-from", "45000"];
        let output = run("build_dataset", &[&fixed[..], &borders, more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let read = |split| std::fs::read_to_string(format!("{out}/{split}.tsv")).unwrap();
        ["train", "dev", "test"].map(read)
    };
    let of_bed = build("p.bed", &bed, &[]);
    // −249..+50 around the first start, which lies on the forward strand.
    assert!(of_bed[0].contains(&letters[1500 - 249..1500 + 51]), "{}", of_bed[0]);
    assert_eq!(of_bed, build("p.fps", &fps, &[]));
    assert_eq!(of_bed, build("p.gtf", &gtf, &[]));
    for negatives in ["gc-matched", "dinucleotide-shuffled", "substituted"] {
        let other = build(&format!("{negatives}.bed"), &bed, &["--negatives", negatives]);
        assert_ne!(of_bed, other);
        assert!(other.iter().all(|table| table.contains("\t0") && table.contains("\t1")));
    }
}

#[test]
fn each_planted_motif_is_a_class_of_sequences_of_a_genome() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let (motifs, genome) = (genomes("../jaspar/subset.jaspar"), genomes("yeast_chr1_chr2.fa.gz"));
    let planted = ["planted", &motifs, "TP73", "MA0139.2", "--genome", &genome];
    let more = ["--within", "10", "--rows", "60,9,9", "--width", "60", "--out", out];
    let output = run("build_dataset", &[&planted[..], &more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let chromosomes: Vec<String> = Reader::open(&genome, LetterPolicy::default())
        .unwrap()
        .map(|record| record.unwrap().sequence.to_string())
        .collect();
    let is_whole = |part: &str| chromosomes.iter().any(|bases| bases.contains(part));
    let (table, bed) = (read("train.tsv"), read("sites.bed"));
    let rows: Vec<(&str, &str)> =
        table.lines().skip(1).map(|line| line.split_once('\t').unwrap()).collect();
    let sites: Vec<Vec<&str>> = bed
        .lines()
        .filter(|line| line.starts_with("train"))
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!((rows.len(), sites.len()), (60, 40));
    for (row, (sequence, label)) in rows.iter().enumerate() {
        assert_eq!(*label, (row % 3).to_string());
        let name = format!("train.tsv:{}", row + 2);
        let Some(site) = sites.iter().find(|site| site[0] == name) else {
            assert!(*label == "0" && is_whole(sequence), "{sequence}");
            continue;
        };
        let [start, end]: [usize; 2] = [1, 2].map(|at| site[at].parse().unwrap());
        // TP73 has two matrices; the middle of a site is 10 bases beside that of the sequence at most.
        assert_eq!(site[3].starts_with("MA0861."), *label == "1", "{site:?}");
        assert!((start + end).abs_diff(60) <= 21, "{site:?}");
        assert!(is_whole(&sequence[..start]) && is_whole(&sequence[end..]), "{sequence}");
    }
    let ids: HashSet<&str> = sites.iter().map(|site| site[3]).collect();
    assert_eq!(ids, HashSet::from(["MA0861.1", "MA0861.2", "MA0139.2"]));
    let manifest = read("manifest.json");
    for part in ["TP73: MA0861.1, MA0861.2", "MA0139.2: MA0139.2", "yeast_chr1_chr2.fa.gz sha256 "]
    {
        assert!(manifest.contains(part), "{manifest}");
    }
    // Splits have no base of the genome in common.
    let places = |split: &str| -> Vec<(usize, usize)> {
        let is_plain = |line: &&str| line.ends_with("\t0");
        let table = read(&format!("{split}.tsv"));
        let place = |line: &str| {
            let sequence = line.split('\t').next().unwrap();
            let find = |(at, bases): (usize, &String)| Some((at, bases.find(sequence)?));
            chromosomes.iter().enumerate().find_map(find).unwrap()
        };
        table.lines().filter(is_plain).map(place).collect()
    };
    let (train, test) = (places("train"), places("test"));
    assert!(!test.is_empty());
    for (chromosome, start) in test {
        assert!(train.iter().all(|&(other, at)| other != chromosome || at + 60 <= start));
    }
    let refuses = |planted: &[&str], what: &str| {
        let output = run("build_dataset", &[&["planted", &motifs, "--out", out], planted].concat());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(what), "{message}");
    };
    refuses(&["TP37"], "TP37: no such motif in the file");
    refuses(&["TP73", "MA0861.1"], "MA0861.1: MA0861.1 is planted for TP73 already");
    refuses(&["all", "CTCF"], "CTCF: MA0139.1 is planted for CTCF already");
    refuses(&["MA0106.1", "--width", "19"], "--width 19: MA0106.1 has 20 places");
    let few = ["CTCF", "--genome", &genome, "--rows", "999999,1,1"];
    refuses(&few, "yeast_chr1_chr2.fa.gz: no 101 bases in a row for dev");
    // As wide as the sequence, and every motif of the file.
    let all = ["planted", &motifs, "all", "--width", "20", "--within", "0", "--rows", "32,16,16"];
    let output = run("build_dataset", &[&all[..], &["--out", out]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(read("sites.bed").lines().count(), 30 + 15 + 15);
}

#[test]
fn what_cannot_be_built_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let genome = genomes("yeast_chr1_chr2.fa.gz");
    let out = path("out");
    let rest = ["--dev", "chrI", "--test", "chrII", "--out", &out];
    let refuses = |arguments: &[&str], what: &str| {
        let output = run("build_dataset", &[arguments, &rest].concat());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(what) && !message.contains("panicked"), "{message}");
        assert!(!Path::new(&out).exists());
    };
    std::fs::write(path("x.bed"), "chrI\t500\t501\tn\t0\t+\nchrV\t5000\t5001\tn\t0\t+\n").unwrap();
    refuses(&["promoters", &genome, &path("x.bed")], "no chromosome \"chrV\"");
    std::fs::write(path("y.bed"), "chrI\t500\n").unwrap();
    refuses(&["promoters", &genome, &path("y.bed")], "y.bed, line 1\n  because: no column 3 (end)");
    std::fs::write(path("z.gtf"), "chrI\tx\tgene\t5\t9\t.\t+\t.\tgene_id \"g\";\n").unwrap();
    refuses(&["splice", &genome, &path("z.gtf")], "no feature of kind \"exon\"; there are gene");
    let whole = std::fs::read(&genome).unwrap();
    std::fs::write(path("half.fa.gz"), &whole[..whole.len() / 2]).unwrap();
    refuses(&["promoters", &path("half.fa.gz"), &path("x.bed")], "half.fa.gz");
}

#[test]
fn leaks_and_shortcuts_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: &[(&str, usize)]| {
        let path = folder.path().join(name);
        let rows = rows.iter().map(|(sequence, label)| format!("{sequence}\t{label}\n"));
        std::fs::write(&path, rows.collect::<String>()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let rich = ["GCGCGCGCAT", "GGCCGGCCAT", "GCCGGCCGTA", "GGGCCCGCTA"];
    let poor = ["ATATATATGC", "AATTAATTGC", "ATTAATTACG", "AAATTTATCG"];
    let rows = |picks: &[usize]| -> Vec<(&str, usize)> {
        picks.iter().flat_map(|&pick| [(rich[pick], 1), (poor[pick], 0)]).collect()
    };
    let train = write("train.tsv", &rows(&[0, 1, 2]));
    let dev = write("dev.tsv", &rows(&[3]));
    let test = write("test.tsv", &rows(&[0, 3]));
    let output = run("audit", &["--train", &train, "--dev", &dev, "--test", &test, "--k", "10"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let leaks = "test rows that are in train: 2; reversed: 0; that share a 10-mer: 2";
    assert!(text.contains(leaks), "{text}");
    assert!(text.contains("GC content: accuracy 1.000"), "{text}");
}
