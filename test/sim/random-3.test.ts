import { tellSeeds } from './random-seeds.js'

tellSeeds(3, 4)
