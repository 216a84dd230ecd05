//! The command-line program `mnist_mlp`: its output, the files it saves, and its error messages.

#[path = "mnist_mlp_cli/fixture.rs"]
mod fixture;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use downhill::nn::state;
use downhill::{StateDict, Tensor};
use downhill_tests::example::program;
use fixture::{Fixture, assert_failure, stderr, stdout};

#[test]
fn options_that_make_no_sense() {
    let fixture = Fixture::new("options");
    let cases: &[(&[&str], &[&str])] = &[
        (&["--optimiser", "adam"], &["--optimiser", "a similar argument exists: '--optimizer'"]),
        (&["--optimizer", "admm"], &["--optimizer", "`admm`", "adam, ", "sgd"]),
        (&["--optimizer", "adam:rate=1"], &["Adam", "`rate`", "lr, beta1"]),
        (&["--optimizer", "adam:lr=fast"], &["Adam", "lr", "`fast`"]),
        (&["--optimizer", "adam:beta1=1"], &["Adam", "beta1", "1"]),
        (&["--optimizer", "adam", "--momentum", "0.9"], &["--momentum", "Adam", "beta1"]),
        (&["--schedule", "cosinus"], &["--schedule", "`cosinus`", "cosine"]),
        (&["--schedule", "cosine:t_max=0"], &["--schedule", "t_max", "0"]),
        (&["--schedule", "lambda"], &["--schedule", "LambdaLr", "factors", "in code"]),
        (&["--schedule", "sequential"], &["--schedule", "SequentialLr", "schedules", "at least one"]),
        (&["--schedule", "chained:schedules=[linear; sinus]"], &["--schedule", "`sinus`", "cosine"]),
        (&["--schedule", "sequential:schedules=[linear; linear]"], &["--schedule", "milestones", "got 2"]),
        (
            &["--schedule", "chained:schedules=[plateau]"],
            &["--schedule", "independent of a metric", "ReduceLrOnPlateau"],
        ),
        (&["--schedule", "one_cycle:max_lr=0.1,total_steps=2"], &["--schedule", "OneCycle", "epochs", "5"]),
        (&["--optimizer", "adagrad", "--schedule", "one_cycle:max_lr=0.1,total_steps=9"], &["--schedule", "momentum"]),
        (&["--per-batch"], &["--schedule"]),
        (&["--hidden", "0"], &["--hidden", "`0`", "from 1"]),
        (&["--hidden", "12,,3"], &["--hidden", "``"]),
        (&["--hidden", "99999,99999"], &["--hidden", "weights"]),
        (&["--lr", "nan"], &["--lr", "NaN"]),
        (&["--lr", "-0.1"], &["--lr", "-0.1"]),
        (&["--lr", "fast"], &["--lr", "fast"]),
        (&["--lr"], &["--lr"]),
        (&["--momentum", "nan"], &["--momentum", "NaN"]),
        (&["--weight-decay", "-1"], &["--weight-decay", "-1"]),
        (&["--batch-size", "0"], &["--batch-size", "at least 1"]),
        (&["--epochs", "0"], &["--epochs", "0"]),
        (&["--epochs", "4294967296"], &["--epochs", "4294967296"]),
        (&["--batch-size", "18446744073709551616"], &["--batch-size", "at least 1"]),
        (&["--batch", "0"], &["--batch", "a similar argument exists: '--batch-size'"]),
        (&["--threads", "0"], &["--threads", "from 1 to 1024"]),
        (&["--threads", "100000"], &["--threads", "from 1 to 1024"]),
        (&["--threads", "18446744073709551616"], &["--threads", "from 1 to 1024"]),
        (&["--hidden", "18446744073709551616"], &["--hidden", "from 1 to 100000"]),
        (&["--hidden", "-1"], &["--hidden", "`-1`"]),
        (&["--seed", "-1"], &["--seed", "-1"]),
        (&["--activation", "rleu"], &["--activation", "`rleu`", "relu, "]),
        (&["--eval-only"], &["--load"]),
        (&["--inspect", "--optimizer", "lbfgs"], &["--inspect", "Lbfgs", "several times", "--optimizer"]),
        (&["surplus"], &["surplus"]),
    ];
    for (options, words) in cases {
        fixture.fails(options, 2, words);
    }
    assert!(!Path::new(&fixture.model()).exists());
}

#[test]
fn help_is_an_answer_not_an_error() {
    let fixture = Fixture::new("help");
    let output = fixture.run(&["--help"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let help = stdout(&output);
    for option in ["data", "hidden", "epochs", "batch-size", "optimizer", "lr", "momentum", "weight-decay", "schedule"]
        .into_iter()
        .chain(["seed", "activation", "inspect", "json", "save", "load", "eval-only"])
    {
        assert!(help.contains(&format!("--{option} ")), "{option}");
    }
    // It fits a terminal of 104 columns; without a terminal, the width is 100.
    assert!(help.lines().all(|line| line.chars().count() <= 104), "{help}");
}

#[test]
fn data_that_is_missing_or_damaged() {
    let fixture = Fixture::new("data");
    let nowhere = fixture.path("nowhere");
    let mut command = Command::new(program("mnist_mlp"));
    let output = command.arg("--data").arg(&nowhere).args(["--save", &fixture.model()]).output().unwrap();
    assert_failure(&output, 1, &[&nowhere.display().to_string()], "no directory");

    let (images, labels) = (fixture.path("train-images-idx3-ubyte"), fixture.path("t10k-labels-idx1-ubyte"));
    let (good_images, good_labels) = (fs::read(&images).unwrap(), fs::read(&labels).unwrap());
    let damage: [(&Path, Vec<u8>); 6] = [
        (&images, good_images[..good_images.len() - 1].to_vec()),
        (&images, [&good_images[..], &[0]].concat()),
        (&images, Vec::new()),
        (&images, [&[0x1f, 0x8b], &good_images[2..]].concat()),
        (&labels, [&good_labels[..good_labels.len() - 1], &[10]].concat()),
        (&labels, good_images.clone()),
    ];
    for (path, bytes) in damage {
        let good = fs::read(path).unwrap();
        fs::write(path, bytes).unwrap();
        fixture.fails(&[], 1, &[path.to_str().unwrap(), "expected", "found"]);
        fs::write(path, good).unwrap();
    }
    fs::remove_file(&labels).unwrap();
    fixture.fails(&[], 1, &["t10k-labels-idx1-ubyte"]);
    fs::write(&labels, good_labels).unwrap();

    fixture.write_set("t10k", 0);
    fixture.fails(&[], 1, &["no images"]);
    assert!(!Path::new(&fixture.model()).exists());
}

#[test]
fn json_is_a_line_for_each_epoch_and_nothing_else() {
    let fixture = Fixture::new("json");
    let lines = fixture.json(&["--epochs", "3", "--hidden", "8", "--schedule", "exponential:gamma=0.5"]);
    assert_eq!(lines.len(), 3);
    for (i, line) in lines.iter().enumerate() {
        let number = |key: &str| line[key].as_f64().unwrap_or_else(|| panic!("no {key} in {line}"));
        assert_eq!(number("epoch"), i as f64 + 1.0);
        assert!((number("lr") - 0.1 / 2.0_f64.powi(i as i32)).abs() < 1e-12);
        assert!((0.0..=1.0).contains(&number("train_accuracy")) && (0.0..=1.0).contains(&number("test_accuracy")));
        assert!(number("loss") > 0.0 && number("seconds") > 0.0 && number("images_per_second") > 0.0);
    }
}

/// The training is the same, and after each epoch there is a report.
#[test]
fn inspected() {
    let fixture = Fixture::new("inspect");
    let plain = fixture.json(&["--epochs", "2", "--hidden", "8"]);
    let lines = fixture.json(&["--epochs", "2", "--hidden", "8", "--inspect"]);
    assert_eq!(lines.len(), 4);
    for (epoch, pair) in lines.chunks(2).enumerate() {
        assert_eq!(pair[0]["loss"], plain[epoch]["loss"]);
        let health = &pair[1]["health"];
        let names: Vec<&str> =
            health["parameters"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]);
        assert!(health["parameters"][0]["update"].as_f64().unwrap() > 0.0);
        assert_eq!(health["activations"][0]["name"], "layers.0 relu");
    }
    let text = stdout(&fixture.run(&["--epochs", "1", "--optimizer", "sgd:lr=50", "--inspect"]));
    for words in
        ["update/weight", "layers.0 relu", "warning: layers.0.weight: the update is", "try a smaller learning rate"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn a_saved_model_is_as_good_when_it_is_loaded() {
    let fixture = Fixture::new("save");
    let trained = fixture.json(&["--epochs", "2", "--hidden", "12,9", "--activation", "tanh", "--batch-size", "10"]);
    let accuracy = &trained[1]["test_accuracy"];
    let (model, nowhere) = (fixture.model(), fixture.path("nowhere").display().to_string());
    let [loaded] = &fixture.json(&["--load", &model, "--eval-only"])[..] else { panic!("one line") };
    assert_eq!(&loaded["test_accuracy"], accuracy);
    assert_eq!(loaded["test_accuracy_per_class"].as_array().unwrap().len(), 10);

    // Options that match the saved model are allowed.
    let same = ["--load", &model, "--eval-only", "--hidden", "12,9", "--activation", "tanh"];
    assert_eq!(&fixture.json(&same)[0]["test_accuracy"], accuracy);
    fixture.fails(&["--load", &model, "--hidden", "12"], 1, &[&model, "12,9", "--hidden"]);
    fixture.fails(&["--load", &model, "--activation", "relu"], 1, &[&model, "tanh", "--activation"]);
    fixture.fails(&["--load", &nowhere], 1, &[&nowhere]);

    // Training continues from the saved model, so its loss is far lower than from scratch.
    let more = fixture.json(&["--load", &model, "--epochs", "1", "--batch-size", "10"]);
    assert!(more[0]["loss"].as_f64() < trained[0]["loss"].as_f64());

    let bytes = fs::read(&model).unwrap();
    for damaged in [&bytes[..bytes.len() / 2], b"something else", &[]] {
        fs::write(&model, damaged).unwrap();
        fixture.fails(&["--load", &model, "--eval-only"], 1, &[&model]);
    }
}

#[test]
fn a_model_for_other_images() {
    let (small, large) = (Fixture::new("small"), Fixture::new("large"));
    small.json(&["--epochs", "1", "--hidden", "4"]);
    for name in ["train", "t10k"] {
        // The same bytes as half the number of images of twice the size.
        let path = large.path(&format!("{name}-images-idx3-ubyte"));
        let mut bytes = fs::read(&path).unwrap();
        let count = bytes[7];
        bytes[7] = count / 2;
        bytes[11] = 8;
        fs::write(&path, bytes).unwrap();
        let path = large.path(&format!("{name}-labels-idx1-ubyte"));
        let mut bytes = fs::read(&path).unwrap();
        bytes[7] = count / 2;
        bytes.truncate(8 + usize::from(count / 2));
        fs::write(&path, bytes).unwrap();
    }
    large.fails(&["--load", &small.model(), "--eval-only"], 1, &[&small.model(), "16 pixels", "32"]);
}

#[test]
fn it_learns_and_the_table_says_so() {
    let fixture = Fixture::new("table");
    let output = fixture.run(&["--epochs", "12", "--hidden", "16", "--batch-size", "10"]);
    let text = stdout(&output);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    assert!(text.contains("16-16-10 relu, 442 parameters") && text.contains("Sgd:lr=0.1,momentum=0.9"), "{text}");
    assert!(text.contains("accuracy 100.0% of 50"), "{text}");
    assert!(text.contains("recall") && text.contains("precision"), "{text}");
    assert!(text.ends_with("saved to model.bin\n"), "{text}");
    // The confusion matrix of a perfect result is wider than any other.
    let before_matrix = text.split("actual").next().unwrap();
    assert!(before_matrix.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\r'), "no colors and no bars without a terminal");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let fixture = Fixture::new("seed");
    let run = |seed| {
        let lines = fixture.json(&["--epochs", "2", "--hidden", "8", "--seed", seed]);
        lines.iter().map(|line| [line["loss"].to_string(), line["test_accuracy"].to_string()]).collect::<Vec<_>>()
    };
    let model = || fs::read(fixture.model()).unwrap();
    let (first, bytes) = (run("3"), model());
    assert_eq!((run("3"), model()), (first.clone(), bytes.clone()));
    assert_ne!((run("4"), model()), (first, bytes));
}

#[test]
fn a_training_that_diverges_says_so_and_saves_nothing() {
    let fixture = Fixture::new("diverged");
    fixture.fails(&["--lr", "1e30", "--schedule", "none"], 1, &["diverged", "epoch 1", "--lr than 1e30"]);
    assert!(!Path::new(&fixture.model()).exists());
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_training() {
    let fixture = Fixture::new("unwritable");
    let nowhere = fixture.path("no/such/directory/model.bin").display().to_string();
    let too_long = fixture.path(&"m".repeat(256)).display().to_string();
    for place in [&nowhere, fixture.0.to_str().unwrap(), &too_long, ".."] {
        let output = fixture.run(&["--save", place]);
        assert!(output.stdout.is_empty());
        assert_failure(&output, 1, &[place, "cannot be written"], place);
    }
}

/// They are neither waited for nor replaced.
#[cfg(unix)]
#[test]
fn devices_and_pipes_are_no_places_for_a_model() {
    use std::os::unix::fs::symlink;
    let fixture = Fixture::new("devices");
    let (pipe, device) = (fixture.path("pipe"), fixture.path("device"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("/dev/full", &device).unwrap();
    let mut places = vec![pipe.to_str().unwrap(), device.to_str().unwrap()];
    if cfg!(target_os = "linux") {
        // A writable file in a directory where no other file can be created.
        places.push("/proc/self/comm");
    }
    for place in places {
        let output = fixture.run(&["--save", place]);
        assert!(output.stdout.is_empty());
        assert_failure(&output, 1, &[place, "cannot be written"], place);
    }
    assert!(fs::symlink_metadata(&device).unwrap().is_symlink() && !fs::metadata("/dev/full").unwrap().is_file());
}

#[cfg(unix)]
#[test]
fn a_model_is_replaced_through_a_link_and_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let fixture = Fixture::new("link");
    let (link, target) = (fixture.path("link"), fixture.path("target"));
    fs::write(&target, "old").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("target", &link).unwrap();
    fixture.json(&["--epochs", "1", "--hidden", "4", "--save", link.to_str().unwrap()]);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    fixture.json(&["--load", target.to_str().unwrap(), "--eval-only"]);
}

/// Runs the program in a shell, with `before` before the command and `behind` after it.
#[cfg(unix)]
fn in_shell(fixture: &Fixture, before: &str, options: &str, behind: &str) -> std::process::Output {
    let script = format!("{before} exec \"$0\" --data \"$1\" {options} {behind}");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(program("mnist_mlp")).arg(&fixture.0).current_dir(&fixture.0);
    command.output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let fixture = Fixture::new("full");
    // The output goes to a full disk.
    for options in ["--help", "--epochs 1 --hidden 4 --save m", "--json --epochs 1 --hidden 4 --save m"] {
        let output = in_shell(&fixture, "", options, "> /dev/full");
        assert_failure(&output, 1, &["the standard output", "No space left on device"], options);
    }
    // The model goes to a full disk: files are limited to 1 KiB or 512 bytes, depending on the shell.
    let model = fixture.path("model.bin");
    fs::write(&model, "the old model").unwrap();
    let save = "--epochs 1 --hidden 64 --save model.bin";
    let output = in_shell(&fixture, "trap '' XFSZ; ulimit -f 1;", save, "");
    assert_failure(&output, 1, &["model.bin: cannot be written: ", "File too large"], save);
    assert_eq!(fs::read(&model).unwrap(), b"the old model");
    let left_over = |name: &str| name.starts_with(".downhill-");
    assert!(!fs::read_dir(&fixture.0).unwrap().any(|entry| left_over(entry.unwrap().file_name().to_str().unwrap())));
}

#[cfg(unix)]
#[test]
fn nobody_there_to_read() {
    let fixture = Fixture::new("closed");
    let options = "--epochs 2 --hidden 4 --save model.bin";
    for behind in [">&-", ">&- 2>&-", "> /dev/null 2>&- <&-"] {
        let output = in_shell(&fixture, "", options, behind);
        assert!(output.status.success() && output.stderr.is_empty(), "{behind}: {}", stderr(&output));
        fixture.json(&["--load", &fixture.model(), "--eval-only"]);
        fs::remove_file(fixture.model()).unwrap();
    }
    let output = in_shell(&fixture, "unset TERM COLUMNS LINES;", options, "");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    // Wrong options still fail when standard error is closed or full.
    assert_eq!(in_shell(&fixture, "", "--hiden 4", "2>&-").status.code(), Some(2));
    assert_eq!(in_shell(&fixture, "", "--hiden 4", "2> /dev/full").status.code(), Some(2));
}

/// Files with the right format whose layers do not form a network.
#[test]
fn models_that_are_none() {
    let fixture = Fixture::new("models");
    let model = fixture.model();
    let write = |layers: &[(&[usize], &[usize])]| {
        let mut weights = StateDict::default();
        for (i, (weight, bias)) in layers.iter().enumerate() {
            weights.insert(format!("layers.{i}.weight"), &Tensor::<f32>::zeros(weight));
            weights.insert(format!("layers.{i}.bias"), &Tensor::zeros(bias));
        }
        state::write(&("relu", weights), "mnist_mlp", &model).unwrap();
    };
    write(&[(&[4, 16], &[4]), (&[10, 4], &[10])]);
    fixture.json(&["--load", &model, "--eval-only"]);
    for layers in [
        &[][..],
        &[(&[10, 16][..], &[9][..])],
        &[(&[10], &[10])],
        &[(&[10, 16, 1], &[10])],
        &[(&[4, 16], &[4]), (&[10, 5], &[10])],
        &[(&[0, 16], &[0]), (&[10, 0], &[10])],
        &[(&[10, 0], &[10])],
        &[(&[], &[])],
    ] {
        write(layers);
        fixture.fails(&["--load", &model, "--eval-only"], 1, &[&model]);
        fixture.fails(&["--load", &model, "--epochs", "1"], 1, &[&model]);
    }
}

/// The names that the program's error message lists.
fn known(fixture: &Fixture, option: &str) -> Vec<String> {
    let message = stderr(&fixture.run(&[option, "?"]));
    let (_, list) = message.split_once("s are ").expect("a list of names");
    let list = list.split(" (--help").next().unwrap();
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn every_rule_by_its_name() {
    let fixture = Fixture::new("rules");
    let rules = known(&fixture, "--optimizer");
    assert!(rules.len() >= 15, "{rules:?}");
    for rule in &rules {
        let line = &fixture.json(&["--epochs", "1", "--hidden", "4", "--optimizer", rule])[0];
        assert!(line["loss"].as_f64().unwrap() < 10.0, "{rule}: {line}");
    }
    // A rule for matrices only leaves the biases to another, and the output says so.
    let muon = stdout(&fixture.run(&["--epochs", "1", "--hidden", "4", "--optimizer", "muon:lr=0.01"]));
    let line = muon.lines().find(|line| line.starts_with("rule ")).unwrap();
    assert!(line.contains("Muon:lr=0.01,") && line.contains("; biases AdamW:lr=0.01,"), "{line}");
    let with_options = fixture.json(&["--epochs", "1", "--optimizer", "rmsprop:alpha=0.95,centered", "--lr", "0.002"]);
    assert_eq!(with_options[0]["lr"], 0.002);
}

#[test]
fn every_schedule_by_its_name() {
    let fixture = Fixture::new("schedules");
    let schedules = [
        "chained:schedules=[linear; step:step_size=2]",
        "constant",
        "cosine:t_max=3",
        "cyclic:base_lr=0.01,max_lr=0.1,step_size_up=2",
        "exponential:gamma=0.9",
        "lambda:factors=[1,0.5,0.1]",
        "linear",
        "multi_step:milestones=[1,2],gamma=0.5",
        "multiplicative:factors=[0.9]",
        "one_cycle:max_lr=0.1,total_steps=3",
        "plateau:patience=0",
        "polynomial",
        "sequential:schedules=[warmup:steps=2; swa:swa_lr=0.05],milestones=[2]",
        "step:step_size=2",
        "swa:swa_lr=0.05",
        "warm_restarts:t_0=2",
        "warmup:steps=2",
    ];
    let names: Vec<&str> = schedules.iter().map(|text| text.split(':').next().unwrap()).collect();
    assert_eq!(names, known(&fixture, "--schedule"));
    for schedule in schedules {
        let lines = fixture.json(&["--epochs", "3", "--hidden", "4", "--schedule", schedule]);
        assert_eq!(lines.len(), 3, "{schedule}");
    }
    let rates = |schedule: &str| -> Vec<f64> {
        let lines = fixture.json(&["--epochs", "4", "--hidden", "4", "--schedule", schedule]);
        lines.iter().map(|line| line["lr"].as_f64().unwrap()).collect()
    };
    let close = |rates: &[f64], expected: [f64; 4]| rates.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
    let long = rates("sequential:schedules=[warmup:steps=2; exponential:gamma=0.5],milestones=[2]");
    assert!(close(&long, [0.05, 0.1, 0.1, 0.05]), "{long:?}");
    assert_eq!(rates("warmup:steps=2; 2: exponential:gamma=0.5"), long);
    let factors = rates("lambda:factors=[2,1,0.5]");
    assert!(close(&factors, [0.2, 0.1, 0.05, 0.05]), "{factors:?}");

    // Four batches per epoch: 2 epochs use 8 learning rates.
    let options = ["--epochs", "2", "--hidden", "4", "--per-batch", "--schedule", "step:step_size=1,gamma=0.5"];
    let lines = fixture.json(&options);
    assert!((lines[1]["lr"].as_f64().unwrap() - 0.1 / 16.0).abs() < 1e-12);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let fixture = Fixture::new("pipe");
    let mut command = Command::new(program("mnist_mlp"));
    command.arg("--data").arg(&fixture.0).args(["--epochs", "200", "--hidden", "4", "--save", &fixture.model()]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
}
