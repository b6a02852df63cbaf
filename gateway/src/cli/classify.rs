//! `huiliu classify`: teaches the judge of matters from an office's own history, and measures it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::out::{columns, say, say_json};
use crate::directory::Directory;
use crate::directory::encoding::decode;
use crate::judgement::matter::evaluate::{self, Figures, Judged};
use crate::judgement::matter::examples::{self, Example, Fields};
use crate::judgement::matter::train::{Settings, train};
use crate::judgement::matter::{Judge, Model};
use crate::settings::Places;

/// 事项分类 (what a matter is).
#[derive(clap::Subcommand)]
pub(super) enum Classify {
    /// 用本单位已分类的历史件训练模型 (train a model from your own labelled history)
    Train(Train),
    /// 测量：准确率、召回率、混淆、校准误差、自动判定占比 (measure it)
    Eval(Eval),
    /// 试判一段文字并说明依据 (judge one text and say why)
    Try(Try),
}

#[derive(clap::Args)]
struct Input {
    /// 目录文件夹，缺省取设置中的 directory_dir (folder of the directory)
    #[arg(long)]
    directory: Option<PathBuf>,
    /// 标题字段，可用逗号列多个 (field of the title; of several with a comma the first that is there)
    #[arg(long, default_value = "title")]
    title_field: String,
    /// 正文字段 (field of the text)
    #[arg(long, default_value = "text")]
    text_field: String,
    /// 类别字段：代码或名称，任何一级 (field of the class: code or name, any level)
    #[arg(long, default_value = "matter")]
    label_field: String,
    /// 自动判定须达到的正确率 (share of what is decided automatically that is to be right)
    #[arg(long, default_value_t = 0.97, value_parser = precision)]
    precision: f32,
    /// 随机种子 (seed of all shuffles)
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(clap::Args)]
pub(super) struct Train {
    /// 已分类的 CSV 或 JSONL (labelled CSV or JSON lines)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 写到哪里；放入目录文件夹并命名为 matter.model 即启用 (where to write it)
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    input: Input,
}

#[derive(clap::Args)]
pub(super) struct Eval {
    /// 已分类的 CSV 或 JSONL (labelled CSV or JSON lines)
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// 测量此模型，不作交叉验证 (measure this model instead of cross-validating)
    #[arg(long, conflicts_with_all = ["folds", "later", "words_only"])]
    model: Option<PathBuf>,
    /// 交叉验证折数 (folds)
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(2..=50))]
    folds: u8,
    /// 按文件顺序，以前面的训练、最后这一份额作测试 (train on the earlier lines, test on this share of later ones)
    #[arg(long, conflicts_with = "words_only")]
    later: Option<f32>,
    /// 只用词库，不训练 (the lexicon alone)
    #[arg(long)]
    words_only: bool,
    /// 未教过的类别的文本：看有多少转人工或判对 (texts of classes never taught)
    #[arg(long)]
    untaught: Option<PathBuf>,
    /// 另测每件用时 (also how long one text takes)
    #[arg(long)]
    time: bool,
    /// 输出 JSON (as JSON)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    input: Input,
}

#[derive(clap::Args)]
pub(super) struct Try {
    /// 正文 (the text)
    text: String,
    /// 标题 (its title)
    #[arg(long, default_value = "")]
    title: String,
    /// 用此模型 (use this model)
    #[arg(long)]
    model: Option<PathBuf>,
    /// 目录文件夹，缺省取设置中的 directory_dir (folder of the directory)
    #[arg(long)]
    directory: Option<PathBuf>,
}

fn precision(text: &str) -> Result<f32, String> {
    let value = text.parse().ok().filter(|p| (0.5..1.0).contains(p));
    value.ok_or_else(|| format!("met `{text}`, expected a share from 0.5 to below 1"))
}

pub(super) fn run(settings: Option<&Path>, classify: &Classify) -> anyhow::Result<ExitCode> {
    match classify {
        Classify::Train(args) => teach(settings, args),
        Classify::Eval(args) => measure(settings, args),
        Classify::Try(args) => try_one(settings, args),
    }
}

fn teach(settings: Option<&Path>, args: &Train) -> anyhow::Result<ExitCode> {
    let directory = args.input.directory(settings)?;
    let examples = args.input.examples(&args.files, &directory)?;
    let model = train(&examples.iter().collect::<Vec<_>>(), &directory.matter.lexicon, args.input.settings())?;
    let bytes = model.bytes();
    std::fs::write(&args.out, &bytes).with_context(|| format!("写不出 (cannot be written): {}", args.out.display()))?;
    let taught: Vec<String> = model.taught().map(|code| directory.matter_path(&code)).collect();
    say(format!(
        "模型 {} 已写入 {}：{} 件，{} 个特征，{:.1} MB，一级类 {} 个：{}",
        model.version(),
        args.out.display(),
        model.about.texts,
        model.features(),
        bytes.len() as f64 / 1e6,
        taught.len(),
        taught.join("、")
    ))?;
    say(format!(
        "内部交叉验证：准确率 {:.3}；把握 ≥ {:.0}% 时自动判定，占 {:.1}%（要求正确率 {:.0}%）",
        model.about.accuracy,
        100.0 * model.threshold(),
        100.0 * model.about.automatic,
        100.0 * model.about.precision
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn measure(settings: Option<&Path>, args: &Eval) -> anyhow::Result<ExitCode> {
    let directory = args.input.directory(settings)?;
    let examples = args.input.examples(&args.files, &directory)?;
    let results = args.results(&examples, &directory)?;
    let judge = args.judge(&examples, &directory)?;
    tell("全部 (all)", &evaluate::figures(&results), &directory, args.json)?;
    if let Some(file) = &args.untaught {
        let examples = args.input.examples(std::slice::from_ref(file), &directory)?;
        let results = evaluate::judge_all(&judge, &examples.iter().collect::<Vec<_>>());
        tell("未教过的类别 (never taught)", &evaluate::figures(&results), &directory, args.json)?;
    }
    if args.time {
        say(format!("每件用时 {:.0} µs a text, one after the other on one core", micros_per_text(&judge, &examples)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn micros_per_text(judge: &Judge, examples: &[Example]) -> f64 {
    const TURNS: usize = 5;
    let all: Vec<&Example> = examples.iter().collect();
    let started = std::time::Instant::now();
    let judged: usize = (0..TURNS).map(|_| std::hint::black_box(evaluate::judge_all(judge, &all)).len()).sum();
    started.elapsed().as_secs_f64() * 1e6 / judged.max(1) as f64
}

impl Eval {
    fn results(&self, examples: &[Example], directory: &Directory) -> anyhow::Result<Vec<Judged>> {
        let all: Vec<&Example> = examples.iter().collect();
        let (lexicon, settings) = (&directory.matter.lexicon, self.input.settings());
        if self.model.is_some() || self.words_only {
            return Ok(evaluate::judge_all(&self.judge(examples, directory)?, &all));
        }
        let Some(later) = self.later else {
            return Ok(evaluate::cross(examples, lexicon, usize::from(self.folds), settings)?);
        };
        if !(0.05..=0.95).contains(&later) {
            bail!("--later: met `{later}`, expected a share from 0.05 to 0.95");
        }
        let cut = (all.len() as f32 * (1.0 - later)) as usize;
        Ok(evaluate::held_out(&all[..cut], &all[cut..], lexicon, settings)?)
    }

    /// The judge that has seen everything it may: for texts that are not among the examples.
    fn judge(&self, examples: &[Example], directory: &Directory) -> anyhow::Result<Judge> {
        let lexicon = directory.matter.lexicon.clone();
        let model = match &self.model {
            _ if self.words_only => None,
            Some(file) => Some(read_model(file)?),
            None if self.untaught.is_none() && !self.time => None,
            None => Some(train(&examples.iter().collect::<Vec<_>>(), &lexicon, self.input.settings())?),
        };
        Ok(Judge { lexicon, model })
    }
}

fn read_model(file: &Path) -> anyhow::Result<Model> {
    let bytes = std::fs::read(file).with_context(|| format!("读不出 (cannot be read): {}", file.display()))?;
    Model::read(&bytes).with_context(|| format!("不是可用的模型 (not a usable model): {}", file.display()))
}

impl Input {
    fn directory(&self, settings: Option<&Path>) -> anyhow::Result<Directory> {
        directory(settings, self.directory.as_deref())
    }

    fn settings(&self) -> Settings {
        Settings { precision: self.precision, seed: self.seed }
    }

    fn examples(&self, files: &[PathBuf], directory: &Directory) -> anyhow::Result<Vec<Example>> {
        let fields =
            Fields { title: self.title_field.clone(), text: self.text_field.clone(), label: self.label_field.clone() };
        let mut all = Vec::new();
        for file in files {
            let name = file.display().to_string();
            let bytes = std::fs::read(file).with_context(|| format!("读不出 (cannot be read): {name}"))?;
            let Some(text) = decode(&bytes) else { bail!("{name}: met bytes, expected text in UTF-8 or GB18030") };
            match examples::read(&name, &text, &fields, &directory.matters) {
                Ok(examples) => all.extend(examples),
                Err(wrong) => {
                    let shown: Vec<String> = wrong.iter().take(20).map(ToString::to_string).collect();
                    bail!("{} 处有误 (problem(s)):\n  {}", wrong.len(), shown.join("\n  "));
                }
            }
        }
        Ok(all)
    }
}

fn directory(settings: Option<&Path>, folder: Option<&Path>) -> anyhow::Result<Directory> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => Places::load(settings)?.directory_dir,
    };
    Directory::load(&folder)
        .with_context(|| format!("目录读不出 (the directory cannot be loaded): {}", folder.display()))
}

fn tell(what: &str, figures: &Figures, directory: &Directory, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return say_json(&serde_json::json!({
            "of": what,
            "texts": figures.texts,
            "accuracy": figures.accuracy,
            "macro_f1": figures.macro_f1,
            "calibration_error": figures.calibration_error,
            "automatic": figures.automatic,
            "automatic_precision": figures.automatic_precision,
            "right_or_asked": figures.right_or_asked,
        }));
    }
    say(format!(
        "—— {what}：{} 件 ——\n准确率 accuracy {:.4}    macro-F1 {:.4}    校准误差 ECE(10) {:.4}\n\
         自动判定 automatic {:.1}%，其中正确 right {:.2}%    判对或转人工 right or asked {:.1}%",
        figures.texts,
        figures.accuracy,
        figures.macro_f1,
        figures.calibration_error,
        100.0 * figures.automatic,
        100.0 * figures.automatic_precision,
        100.0 * figures.right_or_asked
    ))?;
    say(by_class(figures, directory))?;
    say(confusion(figures, directory))?;
    Ok(say(bins(figures))?)
}

fn name(class: Option<usize>, directory: &Directory) -> String {
    let code = class.map(|c| format!("{:02}", c + 1));
    let found = code.as_ref().and_then(|c| c.parse().ok()).and_then(|c| directory.matters.get(&c));
    found.map_or_else(|| code.unwrap_or_else(|| "—".into()), |m| m.name.clone())
}

fn by_class(figures: &Figures, directory: &Directory) -> String {
    let head = ["类别 class", "件 texts", "精确率 precision", "召回率 recall", "F1"].map(str::to_owned).to_vec();
    let row = |c: &evaluate::ClassFigures| {
        let share = |v: f64| format!("{v:.3}");
        vec![name(Some(c.class), directory), c.texts.to_string(), share(c.precision), share(c.recall), share(c.f1())]
    };
    columns(&std::iter::once(head).chain(figures.classes.iter().map(row)).collect::<Vec<_>>())
}

fn confusion(figures: &Figures, directory: &Directory) -> String {
    let taken: std::collections::BTreeSet<Option<usize>> = figures.confusion.keys().map(|(_, taken)| *taken).collect();
    let head =
        std::iter::once("是＼判为 is\\taken".to_owned()).chain(taken.iter().map(|t| name(*t, directory))).collect();
    let row = |c: &evaluate::ClassFigures| {
        let cell = |t: &Option<usize>| figures.confusion.get(&(c.class, *t)).copied().unwrap_or_default().to_string();
        std::iter::once(name(Some(c.class), directory)).chain(taken.iter().map(cell)).collect()
    };
    columns(&std::iter::once(head).chain(figures.classes.iter().map(row)).collect::<Vec<_>>())
}

fn bins(figures: &Figures) -> String {
    let head = ["把握 said", "件 texts", "平均把握 mean", "实际正确 right"].map(str::to_owned).to_vec();
    let row = |(at, (texts, said, so)): (usize, &(usize, f64, f64))| {
        vec![format!("{}–{}%", 10 * at, 10 * at + 10), texts.to_string(), format!("{said:.3}"), format!("{so:.3}")]
    };
    columns(&std::iter::once(head).chain(figures.bins.iter().enumerate().map(row)).collect::<Vec<_>>())
}

fn try_one(settings: Option<&Path>, args: &Try) -> anyhow::Result<ExitCode> {
    let directory = directory(settings, args.directory.as_deref())?;
    let mut judge = directory.matter.clone();
    if let Some(file) = &args.model {
        judge.model = Some(read_model(file)?);
    }
    let opinion = judge.judge(&args.title, &args.text);
    let path = |code: &huiliu_schemas::places::MatterCode| format!("{code} {}", directory.matter_path(code));
    let verdict = if opinion.certain { "判定 decided" } else { "转人工 to a person" };
    let what = opinion.code.as_ref().map_or_else(|| "—".into(), path);
    say(format!("{verdict}：{what}    把握 {:.1}%", 100.0 * opinion.confidence))?;
    say(format!("词库命中 words: {}", opinion.words.join("、")))?;
    if !opinion.possible.is_empty() {
        say(format!("可能 possible: {}", opinion.possible.iter().map(path).collect::<Vec<_>>().join("；")))?;
    }
    for class in judge.explain(&args.title, &args.text).iter().take(2) {
        let pieces =
            |all: &[(String, f32)]| all.iter().map(|(p, v)| format!("{p} {v:+.2}")).collect::<Vec<_>>().join("  ");
        say(format!(
            "{}：支持 for: {}\n    反对 against: {}",
            path(&class.class),
            pieces(&class.speaks_for),
            pieces(&class.speaks_against)
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
