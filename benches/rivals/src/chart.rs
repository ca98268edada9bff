//! The charts, as SVG: on no background, in colours that are legible on a light page and on a dark one.

use std::path::Path;

use plotters::chart::ChartBuilder;
use plotters::coord::combinators::IntoLogRange;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Text};
use plotters::prelude::{LineSeries, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, ShapeStyle, TextStyle};

use crate::latency::Row as LatencyRow;
use crate::results::Results;

/// Of text and axes: in the middle between black and white.
const GREY: RGBColor = RGBColor(128, 128, 128);

const FONT: &str = "sans-serif";

fn colour(framework: &str) -> RGBColor {
    match framework {
        "corecast" => RGBColor(220, 50, 47),
        "tokio" => RGBColor(38, 139, 210),
        "broadcast" => RGBColor(108, 170, 205),
        "kompact" => RGBColor(133, 153, 0),
        "actix" => RGBColor(203, 130, 22),
        "kameo" => RGBColor(150, 100, 220),
        _ => RGBColor(42, 161, 152),
    }
}

fn text(size: u32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&GREY)
}

fn filled(framework: &str) -> ShapeStyle {
    colour(framework).filled()
}

/// A line for each load, on which each framework has a dot at its nanoseconds; the further left, the better.
pub fn loads(results: &Results, file: &Path) -> Result<(), String> {
    draw_loads(results, file).map_err(|error| format!("{}: {error}", file.display()))
}

fn draw_loads(results: &Results, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    /// Pixels: of a line, above and below all lines, left of them, and of the whole.
    const LINE: u32 = 26;
    const ABOVE: u32 = 44;
    const BELOW: u32 = 50;
    const LEFT: u32 = 120;
    const WIDTH: u32 = 860;

    let rows: Vec<_> = results.rows.iter().filter(|row| row.unit == "ns" && row.corecast().is_some()).collect();
    let figures = || rows.iter().flat_map(|row| &row.entries).map(|it| it.median()).filter(|it| it.is_finite());
    let (low, high) = (figures().fold(f64::INFINITY, f64::min), figures().fold(1.0, f64::max));
    let height = ABOVE + LINE * rows.len() as u32 + BELOW;
    let area = SVGBackend::new(file, (WIDTH, height)).into_drawing_area();
    let mut chart = ChartBuilder::on(&area)
        .margin_top(ABOVE)
        .margin_right(20)
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d((low / 1.5..high * 1.5).log_scale(), 0.0..rows.len() as f64)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_desc("nanoseconds per operation, median; the further left, the better")
        .x_labels(8)
        .x_label_formatter(&|nanos| number(*nanos))
        .label_style(text(16))
        .axis_desc_style(text(16))
        .axis_style(GREY)
        .bold_line_style(GREY.mix(0.3))
        .light_line_style(GREY.mix(0.0))
        .draw()?;
    for (index, row) in rows.iter().enumerate() {
        // The first row is at the top.
        let height = (rows.len() - index) as f64 - 0.5;
        let ends = [(low / 1.5, height), (high * 1.5, height)];
        chart.draw_series([PathElement::new(ends, GREY.mix(0.25))])?;
        for entry in row.entries.iter().rev().filter(|entry| entry.median().is_finite()) {
            let radius = if entry.framework == "corecast" { 7 } else { 5 };
            chart.draw_series([Circle::new((entry.median(), height), radius, filled(&entry.framework))])?;
        }
        let y = (ABOVE + LINE * index as u32 + LINE / 2) as i32;
        let right = text(16).pos(Pos::new(HPos::Right, VPos::Center));
        area.draw(&Text::new(row.load.clone(), (LEFT as i32 - 10, y), right))?;
    }
    let names: Vec<&str> = rows.first().map_or_else(Vec::new, |row| {
        row.entries.iter().map(|entry| entry.framework.as_str()).filter(|it| shown(results, it)).collect()
    });
    legend(&area, &names, LEFT as i32)?;
    area.present()?;
    Ok(())
}

/// Whether a framework has any figure.
fn shown(results: &Results, framework: &str) -> bool {
    let mut entries = results.rows.iter().flat_map(|row| &row.entries);
    entries.any(|entry| entry.framework == framework && !entry.measured.is_empty())
}

/// Names beside dots, from `x` on to the right.
fn legend(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    names: &[&str],
    x: i32,
) -> Result<(), Box<dyn std::error::Error>> {
    /// Pixels from one name to the next.
    const STEP: i32 = 100;
    for (index, name) in (0..).zip(names) {
        let x = x + index * STEP;
        area.draw(&Circle::new((x, 20), 6, filled(name)))?;
        let left = text(17).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new((*name).to_owned(), (x + 11, 20), left))?;
    }
    Ok(())
}

/// A panel for each rate, a line for each framework through its percentiles.
pub fn latencies(rows: &[LatencyRow], file: &Path) -> Result<(), String> {
    draw_latencies(rows, file).map_err(|error| format!("{}: {error}", file.display()))
}

fn draw_latencies(rows: &[LatencyRow], file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    const PERCENTILES: [&str; 4] = ["p50", "p99", "p99.9", "max"];
    let area = SVGBackend::new(file, (860, 380)).into_drawing_area();
    let names: Vec<&str> = rows.iter().map(|row| row.framework.as_str()).collect();
    legend(&area, &names, 70)?;
    let (_, below) = area.split_vertically(36);
    let all = |row: &LatencyRow, panel: usize| {
        let latencies = row.rates[panel].latencies;
        [latencies.p50, latencies.p99, latencies.p999, latencies.max].map(|nanos| nanos / 1e3)
    };
    let panels = rows.first().map_or(0, |row| row.rates.len());
    let figures = || (0..panels).flat_map(|panel| rows.iter().flat_map(move |row| all(row, panel)));
    let (low, high) = (figures().fold(f64::INFINITY, f64::min), figures().fold(0.0, f64::max));
    for (panel, area) in below.split_evenly((1, panels)).iter().enumerate() {
        let mut chart = ChartBuilder::on(area)
            .caption(format!("{} % of its highest throughput", rows[0].rates[panel].percent), text(17))
            .margin(8)
            .x_label_area_size(28)
            .y_label_area_size(if panel == 0 { 58 } else { 40 })
            .build_cartesian_2d(-0.3..3.3, (low / 1.5..high * 1.5).log_scale())?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(4)
            .x_label_formatter(&|x: &f64| {
                PERCENTILES.get(x.round() as usize).map_or_else(String::new, |it| (*it).to_owned())
            })
            .y_label_formatter(&|micros| number(*micros))
            .y_desc(if panel == 0 { "microseconds" } else { "" })
            .label_style(text(15))
            .axis_desc_style(text(16))
            .axis_style(GREY)
            .bold_line_style(GREY.mix(0.3))
            .light_line_style(GREY.mix(0.0))
            .draw()?;
        for row in rows {
            let points: Vec<(f64, f64)> = all(row, panel).into_iter().enumerate().map(|(x, y)| (x as f64, y)).collect();
            chart.draw_series(LineSeries::new(points.clone(), colour(&row.framework).stroke_width(2)))?;
            chart.draw_series(points.into_iter().map(|point| Circle::new(point, 4, filled(&row.framework))))?;
        }
    }
    area.present()?;
    Ok(())
}

/// A label on an axis.
fn number(figure: f64) -> String {
    match figure {
        ..1.0 => format!("{figure}"),
        ..1e3 => format!("{figure:.0}"),
        ..1e6 => format!("{:.0} K", figure / 1e3),
        _ => format!("{:.0} M", figure / 1e6),
    }
}
