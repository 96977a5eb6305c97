/**
 * The plugins that come with dsgan. Only the composition roots import this list.
 *
 * @module
 */
import type { Plugin } from "../core/mod.ts";
import generate from "./applications/generate/mod.ts";
import apgd from "./attacks/apgd/mod.ts";
import autoAttack from "./attacks/auto-attack/mod.ts";
import carliniWagner from "./attacks/carlini-wagner/mod.ts";
import deepfool from "./attacks/deepfool/mod.ts";
import fab from "./attacks/fab/mod.ts";
import fgsm from "./attacks/fgsm/mod.ts";
import pgd from "./attacks/pgd/mod.ts";
import square from "./attacks/square/mod.ts";
import run from "./classifiers/run/mod.ts";
import tfjsModel from "./classifiers/tfjs-model/mod.ts";
import trained from "./classifiers/trained/mod.ts";
import weights from "./classifiers/weights/mod.ts";
import arrays from "./datasets/arrays/mod.ts";
import cifar10 from "./datasets/cifar10/mod.ts";
import idx from "./datasets/idx/mod.ts";
import mnist from "./datasets/mnist/mod.ts";
import moons from "./datasets/moons/mod.ts";
import shapes from "./datasets/shapes/mod.ts";
import svhn from "./datasets/svhn/mod.ts";
import auto from "./engines/auto/mod.ts";
import cpu from "./engines/cpu/mod.ts";
import onnxruntime from "./engines/onnxruntime/mod.ts";
import tensorflow from "./engines/tensorflow/mod.ts";
import wasm from "./engines/wasm/mod.ts";
import webgpu from "./engines/webgpu/mod.ts";
import classifier from "./measures/classifier/mod.ts";
import geometry from "./measures/geometry/mod.ts";
import samplingTrick from "./mixers/sampling-trick/mod.ts";
import weighted from "./mixers/weighted/mod.ts";
import convnet from "./networks/convnet/mod.ts";
import featureCritic from "./networks/feature-critic/mod.ts";
import imageClassifier from "./networks/image-classifier/mod.ts";
import imageGenerator from "./networks/image-generator/mod.ts";
import imageTranslator from "./networks/image-translator/mod.ts";
import mlp from "./networks/mlp/mod.ts";
import sslImageClassifier from "./networks/ssl-image-classifier/mod.ts";
import sslMnist from "./networks/ssl-mnist/mod.ts";
import ebgan from "./objectives/ebgan/mod.ts";
import lsgan from "./objectives/lsgan/mod.ts";
import original from "./objectives/original/mod.ts";
import wgan from "./objectives/wgan/mod.ts";
import wganGp from "./objectives/wgan-gp/mod.ts";
import adam from "./optimizers/adam/mod.ts";
import rmsprop from "./optimizers/rmsprop/mod.ts";
import sgd from "./optimizers/sgd/mod.ts";
import vega from "./painters/vega/mod.ts";
import adversarialTraining from "./robustness/adversarial-training/mod.ts";
import evaluateRobustness from "./robustness/evaluate-robustness/mod.ts";
import badGan from "./semi-supervised/bad-gan/mod.ts";
import badGanSsl from "./semi-supervised/bad-gan-ssl/mod.ts";
import catgan from "./semi-supervised/catgan/mod.ts";
import ctGan from "./semi-supervised/ct-gan/mod.ts";
import dsgan from "./semi-supervised/dsgan/mod.ts";
import featureMatching from "./semi-supervised/feature-matching/mod.ts";
import supervised from "./semi-supervised/supervised/mod.ts";
import folder from "./stores/folder/mod.ts";
import memory from "./stores/memory/mod.ts";
import convolution from "./targets/convolution/mod.ts";
import datasetDifference from "./targets/dataset-difference/mod.ts";
import labelDifference from "./targets/label-difference/mod.ts";
import linearCombination from "./targets/linear-combination/mod.ts";
import mixture from "./targets/mixture/mod.ts";

/** All built-in plugins. */
export const builtinPlugins: readonly Plugin[] = [
  adversarialTraining,
  badGanSsl,
  evaluateRobustness,
  generate,
  apgd,
  autoAttack,
  carliniWagner,
  deepfool,
  fab,
  fgsm,
  pgd,
  square,
  run,
  tfjsModel,
  trained,
  weights,
  arrays,
  cifar10,
  idx,
  mnist,
  moons,
  shapes,
  svhn,
  auto,
  cpu,
  onnxruntime,
  tensorflow,
  wasm,
  webgpu,
  classifier,
  geometry,
  samplingTrick,
  weighted,
  featureCritic,
  convnet,
  imageClassifier,
  imageGenerator,
  imageTranslator,
  mlp,
  sslImageClassifier,
  sslMnist,
  ebgan,
  lsgan,
  original,
  wganGp,
  wgan,
  adam,
  rmsprop,
  sgd,
  vega,
  badGan,
  catgan,
  ctGan,
  dsgan,
  featureMatching,
  supervised,
  folder,
  memory,
  convolution,
  datasetDifference,
  labelDifference,
  linearCombination,
  mixture,
];
