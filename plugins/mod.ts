/**
 * The plugins that come with dsgan. Written by `npm run plugins`. Only the composition roots import this list.
 *
 * @module
 */
import { type Plugin, pluginOf } from "../core/mod.ts";
import generate from "./applications/generate/generate.ts";
import apgd from "./attacks/apgd/apgd.ts";
import autoAttack from "./attacks/auto-attack/auto-attack.ts";
import carliniWagner from "./attacks/carlini-wagner/carlini-wagner.ts";
import deepfool from "./attacks/deepfool/deepfool.ts";
import fab from "./attacks/fab/fab.ts";
import fgsm from "./attacks/fgsm/fgsm.ts";
import hopSkipJump from "./attacks/hop-skip-jump/hop-skip-jump.ts";
import pgd from "./attacks/pgd/pgd.ts";
import sparsePgd from "./attacks/sparse-pgd/sparse-pgd.ts";
import square from "./attacks/square/square.ts";
import onnx from "./classifiers/onnx/onnx.ts";
import run from "./classifiers/run/run.ts";
import tfjsModel from "./classifiers/tfjs-model/tfjs-model.ts";
import trained from "./classifiers/trained/trained.ts";
import weights from "./classifiers/weights/weights.ts";
import arrays from "./datasets/arrays/arrays.ts";
import cifar10 from "./datasets/cifar10/cifar10.ts";
import csv from "./datasets/csv/csv.ts";
import idx from "./datasets/idx/idx.ts";
import images from "./datasets/images/images.ts";
import mnist from "./datasets/mnist/mnist.ts";
import moons from "./datasets/moons/moons.ts";
import parquet from "./datasets/parquet/parquet.ts";
import shapes from "./datasets/shapes/shapes.ts";
import svhn from "./datasets/svhn/svhn.ts";
import auto from "./engines/auto/auto.ts";
import cpu from "./engines/cpu/cpu.ts";
import onnxruntime from "./engines/onnxruntime/onnxruntime.ts";
import tensorflow from "./engines/tensorflow/tensorflow.ts";
import wasm from "./engines/wasm/wasm.ts";
import webgpu from "./engines/webgpu/webgpu.ts";
import local from "./jobs/local/local.ts";
import pgBoss from "./jobs/pg-boss/pg-boss.ts";
import classifier from "./measures/classifier/classifier.ts";
import energy from "./measures/energy/energy.ts";
import geometry from "./measures/geometry/geometry.ts";
import samplingTrick from "./mixers/sampling-trick/sampling-trick.ts";
import weighted from "./mixers/weighted/weighted.ts";
import convnet from "./networks/convnet/convnet.ts";
import featureCritic from "./networks/feature-critic/feature-critic.ts";
import imageClassifier from "./networks/image-classifier/image-classifier.ts";
import imageGenerator from "./networks/image-generator/image-generator.ts";
import imageTranslator from "./networks/image-translator/image-translator.ts";
import mlp from "./networks/mlp/mlp.ts";
import noveltyVae from "./networks/novelty-vae/novelty-vae.ts";
import sslImageClassifier from "./networks/ssl-image-classifier/ssl-image-classifier.ts";
import sslMnist from "./networks/ssl-mnist/ssl-mnist.ts";
import tripleGanDiscriminator from "./networks/triple-gan-discriminator/triple-gan-discriminator.ts";
import boundary from "./novelty/boundary/boundary.ts";
import noveltyDetection from "./novelty/novelty-detection/novelty-detection.ts";
import vae from "./novelty/vae/vae.ts";
import ebgan from "./objectives/ebgan/ebgan.ts";
import lsgan from "./objectives/lsgan/lsgan.ts";
import original from "./objectives/original/original.ts";
import wgan from "./objectives/wgan/wgan.ts";
import wganGp from "./objectives/wgan-gp/wgan-gp.ts";
import adam from "./optimizers/adam/adam.ts";
import rmsprop from "./optimizers/rmsprop/rmsprop.ts";
import sgd from "./optimizers/sgd/sgd.ts";
import vega from "./painters/vega/vega.ts";
import adversarialTraining from "./robustness/adversarial-training/adversarial-training.ts";
import corruptions from "./robustness/corruptions/corruptions.ts";
import evaluateRobustness from "./robustness/evaluate-robustness/evaluate-robustness.ts";
import smoothing from "./robustness/smoothing/smoothing.ts";
import asha from "./searches/asha/asha.ts";
import grid from "./searches/grid/grid.ts";
import optuna from "./searches/optuna/optuna.ts";
import random from "./searches/random/random.ts";
import badGan from "./semi-supervised/bad-gan/bad-gan.ts";
import badGanSsl from "./semi-supervised/bad-gan-ssl/bad-gan-ssl.ts";
import catgan from "./semi-supervised/catgan/catgan.ts";
import ctGan from "./semi-supervised/ct-gan/ct-gan.ts";
import dsgan from "./semi-supervised/dsgan/dsgan.ts";
import featureMatching from "./semi-supervised/feature-matching/feature-matching.ts";
import supervised from "./semi-supervised/supervised/supervised.ts";
import tripleGan from "./semi-supervised/triple-gan/triple-gan.ts";
import folder from "./stores/folder/folder.ts";
import memory from "./stores/memory/memory.ts";
import postgres from "./stores/postgres/postgres.ts";
import convolution from "./targets/convolution/convolution.ts";
import datasetDifference from "./targets/dataset-difference/dataset-difference.ts";
import labelDifference from "./targets/label-difference/label-difference.ts";
import linearCombination from "./targets/linear-combination/linear-combination.ts";
import mixture from "./targets/mixture/mixture.ts";
import negativeAugmentation from "./targets/negative-augmentation/negative-augmentation.ts";

/** All built-in plugins. */
export const builtinPlugins: readonly Plugin[] = [
  pluginOf("generate", generate),
  pluginOf("apgd", apgd),
  pluginOf("auto-attack", autoAttack),
  pluginOf("carlini-wagner", carliniWagner),
  pluginOf("deepfool", deepfool),
  pluginOf("fab", fab),
  pluginOf("fgsm", fgsm),
  pluginOf("hop-skip-jump", hopSkipJump),
  pluginOf("pgd", pgd),
  pluginOf("sparse-pgd", sparsePgd),
  pluginOf("square", square),
  pluginOf("onnx", onnx),
  pluginOf("run", run),
  pluginOf("tfjs-model", tfjsModel),
  pluginOf("trained", trained),
  pluginOf("weights", weights),
  pluginOf("arrays", arrays),
  pluginOf("cifar10", cifar10),
  pluginOf("csv", csv),
  pluginOf("idx", idx),
  pluginOf("images", images),
  pluginOf("mnist", mnist),
  pluginOf("moons", moons),
  pluginOf("parquet", parquet),
  pluginOf("shapes", shapes),
  pluginOf("svhn", svhn),
  pluginOf("auto", auto),
  pluginOf("cpu", cpu),
  pluginOf("onnxruntime", onnxruntime),
  pluginOf("tensorflow", tensorflow),
  pluginOf("wasm", wasm),
  pluginOf("webgpu", webgpu),
  pluginOf("local", local),
  pluginOf("pg-boss", pgBoss),
  pluginOf("classifier", classifier),
  pluginOf("energy", energy),
  pluginOf("geometry", geometry),
  pluginOf("sampling-trick", samplingTrick),
  pluginOf("weighted", weighted),
  pluginOf("convnet", convnet),
  pluginOf("feature-critic", featureCritic),
  pluginOf("image-classifier", imageClassifier),
  pluginOf("image-generator", imageGenerator),
  pluginOf("image-translator", imageTranslator),
  pluginOf("mlp", mlp),
  pluginOf("novelty-vae", noveltyVae),
  pluginOf("ssl-image-classifier", sslImageClassifier),
  pluginOf("ssl-mnist", sslMnist),
  pluginOf("triple-gan-discriminator", tripleGanDiscriminator),
  pluginOf("boundary", boundary),
  pluginOf("novelty-detection", noveltyDetection),
  pluginOf("vae", vae),
  pluginOf("ebgan", ebgan),
  pluginOf("lsgan", lsgan),
  pluginOf("original", original),
  pluginOf("wgan", wgan),
  pluginOf("wgan-gp", wganGp),
  pluginOf("adam", adam),
  pluginOf("rmsprop", rmsprop),
  pluginOf("sgd", sgd),
  pluginOf("vega", vega),
  pluginOf("adversarial-training", adversarialTraining),
  pluginOf("corruptions", corruptions),
  pluginOf("evaluate-robustness", evaluateRobustness),
  pluginOf("smoothing", smoothing),
  pluginOf("asha", asha),
  pluginOf("grid", grid),
  pluginOf("optuna", optuna),
  pluginOf("random", random),
  pluginOf("bad-gan", badGan),
  pluginOf("bad-gan-ssl", badGanSsl),
  pluginOf("catgan", catgan),
  pluginOf("ct-gan", ctGan),
  pluginOf("dsgan", dsgan),
  pluginOf("feature-matching", featureMatching),
  pluginOf("supervised", supervised),
  pluginOf("triple-gan", tripleGan),
  pluginOf("folder", folder),
  pluginOf("memory", memory),
  pluginOf("postgres", postgres),
  pluginOf("convolution", convolution),
  pluginOf("dataset-difference", datasetDifference),
  pluginOf("label-difference", labelDifference),
  pluginOf("linear-combination", linearCombination),
  pluginOf("mixture", mixture),
  pluginOf("negative-augmentation", negativeAugmentation),
];
